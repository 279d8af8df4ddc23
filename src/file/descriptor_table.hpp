// SPDX-License-Identifier: MIT
// file/descriptor_table.hpp: number -> open file; the kernel's files_struct for efd's own numbers.
//
// Owns one reference for each number in it. get is lock-free as the kernel's fdget: read the place, try for a
// reference, read the place again (FDGET in docs/races.md). take may run beside it at any time. Both may be called from
// any thread and from a signal handler, install not from a handler. A number that was closed without efd stays in the
// table until the kernel gives it out again and it is installed anew.
#pragma once

#include <efd/detail/base/atomic.hpp>
#include <efd/detail/base/status.hpp>

#include "file/open_file.hpp"
#include "os/fork_lock.hpp"

#include <array>

namespace efd::file {

class descriptor_table {
  public:
    static descriptor_table& instance() noexcept;

    [[nodiscard]] file_reference get(int fd) noexcept;
    // For a call that uses the file. The first call that names the number gives the object a number of its own for the
    // same file (FIRST_USE). Afterwards is_right holds, unless the object could get none.
    [[nodiscard]] file_reference use(int fd) noexcept;

    // Makes the place of this number; afterwards install cannot fail.
    [[nodiscard]] base::status make_place(int fd) noexcept;
    // Takes over the caller's reference. The number is visible from now on.
    void install(int fd, open_file& file) noexcept;

    // The owner that the note of an installed number names; after make_place.
    [[nodiscard]] const void* owner_of(int fd) noexcept { return place_of(fd); }

    // Empties the place of the number; its reference is the caller's.
    [[nodiscard]] file_reference take(int fd) noexcept;

    // False: as far as efd knows, the kernel gave the number to another owner after it was installed.
    [[nodiscard]] bool is_installed(int fd) noexcept;

    // In the child of a fork, which makes the doorbell `made` anew: lets all numbers of its file that are still efd's
    // name it. lent: the first number of the file.
    static void dup_onto_all(core::context& object, int made, int lent) noexcept;
    // A duplicate, apart from the program's numbers, of one of the file's that is still ours; not `lost`, a number that
    // it had. -1: all were closed, or none is free. lent: the first number that the file had.
    [[nodiscard]] static int dup_kept(core::context& object, int lent, int lost) noexcept;

  private:
    friend class file_layout;

    using place = base::atomic<open_file*>;
    static constexpr unsigned slab_places = 1U << 12;
    static constexpr unsigned slabs_most = 1U << 12; // numbers below 2^24

    [[nodiscard]] place* place_of(int fd) noexcept;
    [[nodiscard]] bool is_kept(const core::context& object, int fd) noexcept;
    template <class Act>
    void each_kept(core::context& object, int lent, Act act) noexcept;
    void first_use(int fd, open_file& file) noexcept;
    static const int fork_handlers;

    std::array<base::atomic<place*>, slabs_most> slabs_{};
    os::fork_lock growing_;
};

} // namespace efd::file
