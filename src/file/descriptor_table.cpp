// SPDX-License-Identifier: MIT
// file/descriptor_table.cpp: numbers, and the open files that they name; see descriptor_table.hpp and open_file.hpp.
#include "file/descriptor_table.hpp"

#include <efd/detail/base/check.hpp>

#include "base/stop.hpp"
#include "file/file_operations.hpp"
#include "os/fd.hpp"
#include "os/memory.hpp"
#include "os/process.hpp"
#include "watch/doorbell.hpp"

#include <mutex>
#include <new>
#include <pthread.h>

namespace efd::file {

using base::status;

namespace {

// Lives as long as the process, as context_table does.
union immortal_table {
    descriptor_table value{};
    constexpr immortal_table() noexcept {}
    ~immortal_table() {} // NOLINT(modernize-use-equals-default): the member must not be destroyed
};
immortal_table table;

} // namespace

descriptor_table& descriptor_table::instance() noexcept { return table.value; }

descriptor_table::place* descriptor_table::place_of(int fd) noexcept {
    const auto number = static_cast<unsigned>(fd);
    if (number / slab_places >= slabs_most) return nullptr;
    place* const slab = slabs_[number / slab_places].load(base::acquire);
    return slab == nullptr ? nullptr : slab + number % slab_places;
}

// FDGET: the place is read again after the reference is taken. A file that was closed and reborn meanwhile is dead, has
// another number, or is the file of this number again. If the file is dead its place has been emptied, so the next look
// finds another file.
file_reference descriptor_table::get(int fd) noexcept {
    place* const named = place_of(fd);
    if (named == nullptr) return file_reference(nullptr);
    open_file* found = named->load(base::acquire);
    while (found != nullptr) {
        if (found->get_unless_zero()) {
            file_reference reference(found);
            open_file* const again = named->load(base::acquire);
            if (again == found) return reference;
            found = again;
            continue;
        }
        found = named->load(base::acquire);
    }
    return file_reference(nullptr);
}

file_reference descriptor_table::use(int fd) noexcept {
    file_reference file = get(fd);
    if (file && !file->is_right()) [[unlikely]]
        first_use(fd, *file);
    return file;
}

// FIRST_USE: the number is duplicated first, and the place is read then. efd_fd_close empties the place before it frees
// the number, so the duplicate is the file that the number was made with. Otherwise the number was closed without efd,
// and efd is wrong only if it now names another anonymous file.
[[gnu::noinline]] void descriptor_table::first_use(int fd, open_file& file) noexcept {
    if (file.is_of_kernel()) return;
    if (!watch::doorbell::has_own_number(file.object())) {
        const int own = os::dup_high(fd);
        const bool is_named = place_of(fd)->load(base::acquire) == &file && is_installed(fd); // FIRST_USE, look
        const bool is_ours = is_named && os::is_anonymous(own >= 0 ? own : fd);
        if (is_ours && own >= 0)
            watch::doorbell::give_own_number(file.object(), own);
        else if (own >= 0)
            os::close_known_fd(own);
        else if (is_ours)
            watch::doorbell::use_lent_number(file.object());
    }
    file.repair_in_child();
}

status descriptor_table::make_place(int fd) noexcept {
    if (place_of(fd) != nullptr) return status::ok;
    const unsigned slab = static_cast<unsigned>(fd) / slab_places;
    if (slab >= slabs_most) return status::no_descriptor;
    const std::lock_guard guard(growing_);
    if (slabs_[slab].load(base::acquire) != nullptr) return status::ok;
    void* const memory = os::map_zeroed(slab_places * sizeof(place));
    if (memory == nullptr) return status::no_memory;
    auto* const places = static_cast<place*>(memory);
    for (unsigned i = 0; i < slab_places; ++i) new (places + i) place(nullptr);
    slabs_[slab].store(places, base::release); // FDGET, slab: pairs with place_of()
    return status::ok;
}

void descriptor_table::install(int fd, open_file& file) noexcept {
    place* const named = place_of(fd);
    EFD_CHECK(fd >= 0 && named != nullptr); // make_place came first
    os::note_owner(fd, named);
    file.add_number(fd);
    // The kernel has given this number to the caller alone. If nothing of its former file is left, no other thread
    // writes to the place.
    if (named->load(base::relaxed) == nullptr) return named->store(&file, base::release); // FDGET, install
    const file_reference stale(named->exchange(&file, base::acq_rel));                    // FDGET, install
}

file_reference descriptor_table::take(int fd) noexcept {
    place* const named = place_of(fd);
    return file_reference(named == nullptr ? nullptr : named->exchange(nullptr, base::acq_rel)); // FDGET, take
}

bool descriptor_table::is_installed(int fd) noexcept {
    const place* const named = place_of(fd);
    return named != nullptr && os::is_owner(fd, named);
}

// The number names the object's file, as far as efd knows, and the kernel has that file there.
bool descriptor_table::is_kept(const core::context& object, int fd) noexcept {
    const open_file* const file = place_of(fd)->load(base::acquire);
    return file != nullptr && !file->is_of_kernel() && &file->object() == &object && is_installed(fd) &&
           os::is_marked(fd);
}

// Each number of the object's file that is kept, until `act` is true. A file that has, or had, several is looked for in
// the whole table.
template <class Act>
void descriptor_table::each_kept(core::context& object, int lent, Act act) noexcept {
    if (is_kept(object, lent) && act(lent)) return;
    const open_file* const file = watch::doorbell::file_of(object);
    if (file == nullptr || file->only_number() == lent) return;
    for (unsigned slab = 0; slab < slabs_most; ++slab) {
        if (slabs_[slab].load(base::acquire) == nullptr) continue;
        for (unsigned i = 0; i < slab_places; ++i)
            if (const int fd = static_cast<int>(slab * slab_places + i); fd != lent && is_kept(object, fd) && act(fd))
                return;
    }
}

void descriptor_table::dup_onto_all(core::context& object, int made, int lent) noexcept {
    instance().each_kept(object, lent, [made](int fd) {
        if (fd != made) os::dup_onto(made, fd);
        return false;
    });
}

// FIRST_USE, again: duplicated first and asked then, as efd_fd_close empties the place before it frees the number. The
// duplicate is not the lost number even for a moment: others still look at that.
int descriptor_table::dup_kept(core::context& object, int lent, int lost) noexcept {
    int own = -1;
    instance().each_kept(object, lent, [&](int fd) {
        own = os::dup_high(fd, lost);
        if (own >= 0 && !(instance().is_kept(object, fd) && os::is_marked(own))) {
            os::close_known_fd(own);
            own = -1;
        }
        return true;
    });
    return own;
}

// NOLINTNEXTLINE(cert-err58-cpp): nothing here throws
[[maybe_unused]] const int descriptor_table::fork_handlers =
    ::pthread_atfork([] { instance().growing_.before_fork(); }, [] { instance().growing_.after_fork(); },
                     [] { instance().growing_.after_fork_in_child(); });

// ---- Open files.

// By the one thread that makes the slot's object. What the last one wrote here came before the slot was given back.
open_file* open_file::of(core::context& object) noexcept {
    open_file*& kept = watch::doorbell::file_of(object);
    if (kept == nullptr) kept = new (std::nothrow) open_file;
    return kept;
}

open_file& open_file::of_kernel() noexcept {
    static constinit open_file file{core::kref::permanent{}};
    return file;
}

// The step that gives it a reference comes last. A thread that reads the place before that finds a dead file.
void open_file::init(core::context& object) noexcept {
    if (object_ == nullptr) object_ = &object; // once: a stale reader of the file may look at it
    EFD_CHECK(object_ == &object);             // a file stays with its slot
    only_number_.store(no_number, base::relaxed);
    if (signal_.load(base::relaxed) != 0) signal_.store(0, base::relaxed); // of the former file in this place
    right_in_.store(nowhere, base::relaxed);
    refs_.init();
}

void open_file::add_number(int fd) noexcept {
    EFD_CHECK(fd >= 0);
    const int before = only_number_.load(base::relaxed);
    only_number_.store(before == no_number ? fd : several, base::relaxed);
}

int open_file::doorbell_fd() const noexcept { return watch::doorbell::number_of(*object_); }

bool open_file::is_right() const noexcept {
    return right_in_.load(base::acquire) == os::process_number();
} // FIRST_USE, right in

void open_file::repair_in_child() noexcept {
    if (is_right()) return;
    watch::doorbell::repair_in_child(*object_);
    if (watch::doorbell::has_own_number(*object_))
        right_in_.store(os::process_number(), base::release); // FIRST_USE, right in
}

bool open_file::is_used() const noexcept { return watch::doorbell::is_used(*object_); }

void open_file::put() noexcept {
    switch (refs_.put()) {
    case core::kref::put_result::others_remain: return;
    case core::kref::put_result::last:
        return release(*object_); // from here on the slot, and the file, may be another's
    case core::kref::put_result::too_many: base::stop("an open file was put more often than it was got");
    }
}

} // namespace efd::file
