// SPDX-License-Identifier: MIT
// api/arena.cpp: the C++ border of arenas. Refusals and statuses become exceptions, or std::errc.
#include <efd/arena.hpp>

#include "api/arena_options.hpp"
#include "api/arena_set.hpp"
#include "api/internal_access.hpp"
#include "api/made.hpp"
#include "api/shared_object.hpp"
#include "share/arena.hpp"
#include "share/family.hpp"

#include <limits>

namespace efd {
namespace {

using base::status;
using base::to_errc;
using share::outcome;
using share::refusal;

class category final : public std::error_category {
  public:
    constexpr category() noexcept = default;
    [[nodiscard]] const char* name() const noexcept override { return "efd::arena"; }
    [[nodiscard]] std::string message(int value) const override { return share::sentence_of(refusal_of(value)); }
    [[nodiscard]] std::error_condition default_error_condition(int value) const noexcept override {
        return {share::errno_of(outcome(refusal_of(value))), std::generic_category()};
    }

  private:
    static refusal refusal_of(int value) noexcept {
        return value < 0 || value >= static_cast<int>(share::refusals) ? refusal::system : static_cast<refusal>(value);
    }
};

// Lives as long as the process: an exception may be looked at by the destructors of static objects.
union immortal_category {
    category value;
    constexpr immortal_category() noexcept : value() {}
    ~immortal_category() {} // NOLINT(modernize-use-equals-default): the member must not be destroyed
};
constinit immortal_category the_category;

void must(const outcome& what, const char* call) {
    if (!what.is_refused()) return;
    if (what.why == refusal::system) throw std::system_error(what.error, std::generic_category(), call);
    throw std::system_error(static_cast<int>(what.why), arena_category(), call);
}

void must(status result, const char* call) {
    if (result != status::ok) throw std::system_error(std::make_error_code(to_errc(result)), call);
}

share::creation creation_of(const arena_options& options) noexcept {
    return {.size = {.slots = options.slots,
                     .processes = options.processes,
                     .names = options.names,
                     .first_look_ms = api::look_ms(options.first_look.count()),
                     .last_look_ms = api::look_ms(options.last_look.count()),
                     .sets = options.sets},
            .mode = options.mode,
            .is_sparse = options.sparse};
}

share::trust trust_of(const arena_trust& given) noexcept {
    return {.unsealed = given.unsealed, .other_owner = given.other_owner, .mode = given.mode};
}

template <class Make>
share::arena* made_by(Make make, const char* call) {
    share::arena* made = nullptr;
    must(make(made), call);
    return made;
}

} // namespace

arena::arena(const arena_options& options)
    : arena_(made_by([&](auto*& made) { return share::arena::create(creation_of(options), made); }, "efd::arena")) {}

arena arena::create(std::string_view name, const arena_options& options) {
    return arena(made_by([&](auto*& made) { return share::arena::create(name, creation_of(options), made); },
                         "efd::arena::create"));
}

arena arena::open(std::string_view name, const arena_trust& trust) {
    return arena(
        made_by([&](auto*& made) { return share::arena::open(name, trust_of(trust), made); }, "efd::arena::open"));
}

arena arena::open_or_create(std::string_view name, const arena_options& options, const arena_trust& trust) {
    const auto make = [&](auto*& made) {
        return share::arena::open_or_create(name, creation_of(options), trust_of(trust), made);
    };
    return arena(made_by(make, "efd::arena::open_or_create"));
}

arena arena::attach(int descriptor, const arena_trust& trust) {
    return arena(made_by([&](auto*& made) { return share::arena::attach(descriptor, trust_of(trust), made); },
                         "efd::arena::attach"));
}

arena arena::place(int descriptor, std::uint64_t offset, const arena_options& options, const arena_trust& trust) {
    const auto make = [&](auto*& made) {
        return share::arena::place(descriptor, offset, creation_of(options), trust_of(trust), made);
    };
    return arena(made_by(make, "efd::arena::place"));
}

arena arena::attach_at(int descriptor, std::uint64_t offset, const arena_trust& trust) {
    const auto make = [&](auto*& made) { return share::arena::attach_at(descriptor, offset, trust_of(trust), made); };
    return arena(made_by(make, "efd::arena::attach_at"));
}

arena arena::receive(int socket, const arena_trust& trust) {
    return arena(made_by([&](auto*& made) { return share::arena::receive(socket, trust_of(trust), made); },
                         "efd::arena::receive"));
}

void arena::send(int socket) const { must(inside().send(socket), "efd::arena::send"); }

arena::~arena() {
    if (arena_ != nullptr) arena_->put();
}

eventfd arena::make(std::uint64_t initval, flags how) const {
    core::context* made = nullptr;
    must(inside().make(initval, static_cast<unsigned>(how), made), "efd::arena::make");
    api::report_made(made);
    return internal_access::adopt_object(made);
}

eventfd arena::make(std::string_view name, std::uint64_t initval, flags how) const {
    core::context* made = nullptr;
    must(inside().make(name, initval, static_cast<unsigned>(how), made), "efd::arena::make");
    api::report_made(made, name);
    return internal_access::adopt_object(made);
}

wait_set arena::make_set() const {
    watch::set_core* made = nullptr;
    must(api::make_set(inside(), made), "efd::arena::make_set");
    return internal_access::adopt_set(*made);
}

arena_lookup arena::find(std::string_view name, arena_role role) const noexcept {
    core::context* found = nullptr;
    const std::errc error = to_errc(inside().find(name, role == arena_role::signals, found));
    api::report_made(found, name);
    return {error, internal_access::adopt_object(found)};
}

arena_lookup arena::at(std::uint64_t id, arena_role role) const noexcept {
    core::context* found = nullptr;
    const std::errc error = to_errc(inside().find(share::object_id{id}, role == arena_role::signals, found));
    api::report_made(found);
    return {error, internal_access::adopt_object(found)};
}

std::uint64_t arena::id(const eventfd& object) const noexcept {
    share::object_id id = 0;
    return inside().id_of(internal_access::object_of(object), id) == status::ok ? id : 0;
}

std::errc arena::remove(std::string_view name) const noexcept { return to_errc(inside().remove(name)); }

std::vector<arena_name> arena::list() const {
    std::vector<arena_name> all(inside().where().names);
    std::size_t number = 0;
    bool is_short_of_memory = false; // nothing may throw while the lock of names is held
    const auto note = [&](const share::object_name& name, std::uint64_t id) {
        try {
            all[number] = {std::string(name.view()), id};
            ++number;
        } catch (const std::bad_alloc&) {
            is_short_of_memory = true;
        }
    };
    must(inside().each_name(note), "efd::arena::list");
    if (is_short_of_memory) must(status::no_memory, "efd::arena::list");
    all.resize(number);
    return all;
}

std::size_t arena::reap() const {
    std::uint32_t dead = 0;
    must(inside().reap(dead), "efd::arena::reap");
    return dead;
}

int arena::fd() const noexcept { return inside().descriptor(); }
std::size_t arena::slots() const noexcept { return inside().where().slots; }

} // namespace efd

namespace efd::api {

core::context* make_shared_object(std::uint64_t initval, unsigned flags, const char* call) {
    core::context* made = nullptr;
    must(share::make_in_family(initval, flags, made), call);
    return made;
}

} // namespace efd::api

namespace efd::EFD_ABI {

const std::error_category& arena_category() noexcept { return the_category.value; }

} // namespace efd::EFD_ABI
