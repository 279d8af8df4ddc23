// SPDX-License-Identifier: MIT
// What the scenarios of open files are made of: see file_world.hpp.
#include "explorer/file_world.hpp"

#include "explorer/doorbells.hpp"
#include "explorer/slots.hpp"
#include "explorer/table.hpp"
#include "explorer/tell.hpp"
#include "file/anon_fd.hpp"

#include <algorithm>
#include <cstring>

namespace efd::file {

namespace {

// Without a step; in a set_up the bytes.
std::uint64_t newest(const void* address, std::size_t size) noexcept {
    if (explore::the_machine().active()) return explore::the_machine().newest_value(address, size);
    std::uint64_t value = 0;
    std::memcpy(&value, address, size);
    return value;
}

} // namespace

void file_layout::forget() {
    descriptor_table::instance().slabs_[0].store(nullptr, base::relaxed);
    (void)descriptor_table::instance().make_place(0);
}

void file_layout::name(const open_file& file) { explore::name_place(&file.refs_, "file's refs"); }

void file_layout::name_table() {
    static constexpr const char* names[explore::most_numbers] = {"place 0", "place 1", "place 2", "place 3"};
    for (int i = 0; i < explore::most_numbers; ++i)
        explore::name_place(descriptor_table::instance().place_of(i), names[i]);
    explore::name_place(descriptor_table::instance().slabs_.data(), "slab");
}

open_file* file_layout::newest_at(int number) noexcept {
    const auto* const slab = descriptor_table::instance().slabs_[0].load(base::acquire);
    return reinterpret_cast<open_file*>(newest(slab + number, sizeof *slab));
}

std::uint32_t file_layout::newest_references(const open_file& file) noexcept {
    return static_cast<std::uint32_t>(newest(&file.refs_, sizeof file.refs_));
}

} // namespace efd::file

namespace explore {

using efd::base::status;
using efd::core::context;
using efd::core::context_layout;
using efd::file::descriptor_table;
using efd::file::file_layout;
using efd::file::file_reference;
using efd::file::open_file;

namespace {

constexpr std::size_t slots = most_owned;
shelf* fixture = nullptr;

descriptor_table& table() noexcept { return descriptor_table::instance(); }

// The object that is in its slot now.
owned_object* of(const context& slot) noexcept {
    owned_object* last = nullptr;
    for (owned_object& one : fixture->objects)
        if (one.object == &slot && (last == nullptr || one.born > last->born)) last = &one;
    return last;
}

// What holds for a thread that has a reference by right.
void must_live(const open_file& file, const context& object) noexcept {
    must(file_layout::newest_references(file) > 0, "a dead file is in use");
    must(&file.object() == &object, "a file goes to another object under its guest");
    must(context_layout::newest_references(object) > 0, "the object of a file in use is dead");
}

template <class Act>
bool call_through(int number, Act act) noexcept {
    const file_reference reference = table().get(number);
    if (!reference) return false;
    const context& object = reference->object();
    must_live(*reference, object);
    owned_object* const one = of(object);
    if (one == nullptr || (one->numbers >> number & 1U) == 0) {
        must(false, "a number leads to the object of another number");
        return false;
    }
    act(*one);
    must_live(*reference, object);
    return true;
}

unsigned places_of(const open_file& file) noexcept {
    unsigned places = 0;
    for (int number = 0; number < most_numbers; ++number)
        if (file_layout::newest_at(number) == &file) ++places;
    return places;
}

std::string fault_of_file(const open_file& file, const std::string& who) {
    const std::uint32_t references = file_layout::newest_references(file);
    if (references == places_of(file)) return {};
    return who + " has " + std::to_string(references) + " references, named by " + std::to_string(places_of(file));
}

std::string fault_of_object(std::size_t i) {
    const owned_object& one = fixture->objects[i];
    if (of(*one.object) != &one) return {}; // another one is in its slot
    const std::string who = "object " + std::to_string(i);
    const open_file& file = *fixture->files[static_cast<std::size_t>(one.object->id())];
    const std::uint32_t references = context_layout::newest_references(*one.object);
    const unsigned holders = file_layout::newest_references(file) > 0 ? 1 : 0;
    if (references != holders)
        return who + " has " + std::to_string(references) + " references, held by " + std::to_string(holders);
    if (references > 0 && one.object->count() + one.taken != one.units) return who + " has lost units";
    return {};
}

} // namespace

shelf& files() noexcept { return *fixture; }

void make_file_world() {
    reset_table(slots);
    forget_pages();
    make_world(0, 0);
    fixture = new shelf;
    for (open_file*& file : fixture->files) file_layout::name(*(file = file_layout::make()));
    file_layout::forget();
    file_layout::name_table();
}

void name_files() {
    for (owned_object& one : fixture->objects)
        if (one.object != nullptr) context_layout::name_places(*one.object);
    name_table(slots);
}

void make_object(std::size_t object, unsigned numbers) {
    context* const made = context::create(object + 1, 0);
    must(made != nullptr && made->id() < static_cast<int>(slots), "the scenario has too few slots");
    fixture->objects[object] = {made, object + 1, 0, numbers, ++fixture->births};
}

// With the parts of make_descriptor.
void open_at(int number, std::size_t object) {
    if (fixture->objects[object].object == nullptr) make_object(object, only(number));
    context& made = *fixture->objects[object].object;
    open_file& file = *fixture->files[static_cast<std::size_t>(made.id())];
    must(file_layout::newest_references(file) == 0, "a living file is given to another object");
    file.init(made);
    table().install(number, file);
}

bool use_at(int number) {
    return call_through(number, [](owned_object& one) {
        std::uint64_t value = 0;
        if (one.object->try_read(value) != status::ok) return;
        must(value == one.units, "a call took what another object was given");
        one.taken += value;
    });
}

bool look_at(int number) {
    return call_through(
        number, [](owned_object& one) { must(one.object->count() == one.units, "an object is met half-made"); });
}

void close_at(int number) {
    const file_reference closed = table().take(number);
    if (closed) ++fixture->closes;
}

void dup_at(int number, int other) {
    const file_reference reference = table().get(number);
    if (reference) must(efd::file::install_dup(other, *reference) == status::ok, "a number could not be duplicated");
}

// Two lives are over, so that threads find slots with doorbells and dead files; bells and numbers begin anew.
void make_numbered_world() {
    make_file_world();
    make_doorbells();
    make_numbers();
    for (int number = 0; number < 2; ++number) (void)really_make(0);
    for (int number = 0; number < 2; ++number) (void)efd::file::close_descriptor(number);
    make_doorbells();
    make_numbers();
    fixture->made_at = {};
    fixture->file_of = {};
}

int really_make(std::uint64_t units) {
    int number = -1;
    const status result =
        efd::file::make_descriptor(static_cast<unsigned>(units), 0, efd::watch::ring_way::level, number);
    must(result == status::ok, "no descriptor");
    fixture->made_at[units] = number + 1;
    fixture->file_of[units] = file_made_last();
    return number;
}

bool really_close(int number) {
    const bool closed = efd::file::close_descriptor(number);
    if (closed) ++fixture->closes;
    return closed;
}

// The number may have changed hands before its maker knew it: where the units were met is looked at in the end.
void really_use(int number) {
    const file_reference reference = table().use(number);
    if (!reference) return;
    context& object = reference->object();
    must_live(*reference, object);
    must(object.count() < most_owned, "an object has units that nobody gave");
    std::uint64_t value = 0;
    if (object.try_read(value) == status::ok) {
        if (value >= most_owned) return must(false, "a call took units that nobody gave");
        must(fixture->met_at[value] == 0, "units are taken twice");
        fixture->met_at[value] = number + 1;
        const int doorbell = reference->doorbell_fd();
        const int file = fixture->file_of[value]; // unless its maker does not know it yet
        must(doorbell < 0 || file == 0 || file_of_doorbell(doorbell) == file, "an object has the bell of another file");
    }
    must_live(*reference, object);
}

context* really_keep(int number) {
    const file_reference reference = table().use(number);
    if (!reference) return nullptr;
    must_live(*reference, reference->object());
    reference->object().get();
    return &reference->object();
}

void make_world_again(std::uint64_t units) {
    make_numbered_world();
    give_numbers_again();
    (void)really_make(0);
    const file_reference reference = table().use(0);
    if (units > 0) must(reference->object().write(units) == status::ok, "a plain write was refused");
    must(reference->doorbell_fd() == first_again, "the object has no number for itself");
    close_behind_efd(first_again);
}

void really_write(int number, std::uint64_t units) {
    const file_reference reference = table().use(number);
    if (!reference) return;
    must_live(*reference, reference->object());
    must(reference->object().write(units) == status::ok, "a plain write was refused");
}

void really_ask(int number) {
    const file_reference reference = table().use(number);
    if (!reference) return;
    const int doorbell = reference->doorbell_fd();
    must(doorbell < 0 || file_of_doorbell(doorbell) == newest_bell_of_number(number),
         "an object has the bell of another file");
}

void really_drain(int number) {
    const file_reference reference = table().use(number);
    if (!reference) return;
    must_live(*reference, reference->object());
    std::uint64_t value = 0;
    (void)reference->object().try_read(value);
}

std::string audit_files() {
    if (std::string wrong = nobody_forgotten(); !wrong.empty()) return wrong;
    for (std::size_t i = 0; i < most_owned; ++i)
        if (std::string wrong = fault_of_file(*fixture->files[i], "file " + std::to_string(i)); !wrong.empty())
            return wrong;
    for (std::size_t i = 0; i < most_owned; ++i)
        if (fixture->objects[i].object != nullptr)
            if (std::string wrong = fault_of_object(i); !wrong.empty()) return wrong;
    return {};
}

std::string audit_numbers() {
    if (std::string wrong = audit_files(); !wrong.empty()) return wrong;
    int living = 0;
    for (int number = 0; number < most_numbers; ++number) {
        const open_file* const file = file_layout::newest_at(number);
        const std::string who = "number " + std::to_string(number);
        if ((file != nullptr) != is_taken(number)) return who + (file != nullptr ? " is free, and named" : " is lost");
        if (file == nullptr) continue;
        if (context_layout::newest_references(file->object()) != 1) return who + " names a dead object, or leaks it";
        if (gives_again() &&
            (units_in(word_of_bell(newest_bell_of_number(number))) > 0) != (file->object().count() > 0))
            return who + " says the contrary of the count";
        const int doorbell = file->doorbell_fd();
        if (doorbell < 0 || (doorbell_word(doorbell) & doorbell_open) == 0) continue;
        ++living;
        if ((units_in(doorbell_word(doorbell)) > 0) != (file->object().count() > 0))
            return who + " says the contrary of the count";
    }
    if (open_doorbells() != living)
        return std::to_string(open_doorbells()) + " bells are open, " + std::to_string(living) + " files have one";
    for (std::size_t units = 1; units < most_owned; ++units)
        if (fixture->met_at[units] != 0 && fixture->met_at[units] != fixture->made_at[units])
            return "units were taken through a number that never named their object";
    return {};
}

} // namespace explore
