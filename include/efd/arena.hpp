// SPDX-License-Identifier: MIT
// efd/arena.hpp: eventfds in memory that several processes share, for C++.
//
// An arena has objects that every process which holds it can signal and wait for, without a descriptor for each. An
// object has a name of its own, or an id of 64 bits that fits into a ring beside the data. The handle is efd::eventfd,
// and its reads, writes and waits are those of any other object.
//
//     auto shared = efd::arena::open_or_create("camera");     // in both processes
//     auto frames = shared.make("frames");                    // in one
//     auto found = shared.find("frames");                     // in the other: found.object.read(n)
//
// A process may be killed at any instruction: no unit that a completed call reported is lost, and a sleeper beside a
// unit whose writer was killed before its wake looks by itself, after 50 ms at first, after a second at most. Processes
// of other programs may be hostile: they can make counts wrong and let others sleep, and can neither crash them nor
// keep a call with a deadline beyond it (docs/share.md has the table).
//
// An arena's objects have no descriptor and no wait queue entries, and can join only sets of their own arena
// (make_set); anything else is operation_not_supported.
#pragma once

#include <efd/eventfd.hpp>
#include <efd/wait_set.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace efd::share {
class arena;
} // namespace efd::share

namespace efd::EFD_ABI {

/// How large an arena is, for good, and who may open it.
struct arena_options {
    std::uint32_t slots = 1024;   ///< Objects at once, up to 2^27.
    std::uint32_t processes = 64; ///< Processes that hold it at once, up to 1024.
    std::uint32_t names = 0;      ///< Names at once, up to 2^20; 0: as many as slots, 4096 at most.
    std::uint32_t mode = 0600;    ///< Of its memory: which users may attach.
    bool sparse =
        false; ///< Memory is taken at first use, and not at creation: a machine without memory ends the program.
    /// How soon a sleeper looks by itself, in case its writer was killed; later looks come after twice as long, up to
    /// last_look. Zero: it does not look.
    std::chrono::milliseconds first_look{50};
    std::chrono::milliseconds last_look{1000}; ///< Up to a minute.
    std::uint32_t sets = 16;                   ///< At once, of all processes, up to 1024.
};

/// What memory of others is accepted beyond sealed memory of the own user.
struct arena_trust {
    bool unsealed = false;     ///< A holder that makes the file smaller ends this program (SIGBUS).
    bool other_owner = false;  ///< Of another user.
    std::uint32_t mode = 0600; ///< Nobody beyond this mode may be able to write to it.
};

/// The category of the errors that an arena is not made, found or attached to for: each message says what to do next.
/// error_code::default_error_condition() gives the errno of it, so that codes compare with std::errc.
[[nodiscard]] EFD_API const std::error_category& arena_category() noexcept;

/// What a process does with an object that it finds. One with `signals` counts as a signaller for waiters with
/// wait_options::owner_death, until it has no handle to the object any more.
enum class arena_role : unsigned char {
    signals, ///< It may signal and write.
    waits,   ///< It only reads. Not enforced.
};

/// What find and at come to.
struct [[nodiscard]] arena_lookup {
    std::errc error = std::errc{}; ///< std::errc{} is success.
    eventfd object;                ///< A handle to the object; means none where error says why.
    /// Whether an object was found.
    [[nodiscard]] explicit operator bool() const noexcept { return error == std::errc{}; }
};

/// A name of an object in an arena.
struct arena_name {
    std::string name; ///< 1 to 47 bytes.
    std::uint64_t id; ///< Of the object.
};

/// A handle to an arena, which may outlive it: objects that this process holds keep the memory.
class arena {
  public:
    /// A new arena without a name, for children of fork and for send. Throws std::system_error of arena_category, as
    /// all that makes, finds or attaches: among others no_space_on_device where the machine or the cgroup has not as
    /// much memory. Not handler-safe, as all of arena.
    EFD_API explicit arena(const arena_options& options = {});
    /// A new arena of that name (1 to 47 letters, digits, '.', '_' and '-', no '.' in front); file_exists where a
    /// living process holds one.
    [[nodiscard]] EFD_API static arena create(std::string_view name, const arena_options& options = {});
    /// The arena that living processes of this user hold under that name; no_such_file_or_directory: none does.
    /// cross_device_link, permission_denied: they live in another pid namespace, or belong to another user, and can
    /// only send it.
    [[nodiscard]] EFD_API static arena open(std::string_view name, const arena_trust& trust = {});
    /// As open, or as create where there is none.
    [[nodiscard]] EFD_API static arena open_or_create(std::string_view name, const arena_options& options = {},
                                                      const arena_trust& trust = {});
    /// The arena of a descriptor that came from elsewhere, which stays the caller's. Seals, kind, owner, mode and size
    /// are checked before the memory is touched.
    [[nodiscard]] EFD_API static arena attach(int descriptor, const arena_trust& trust = {});
    /// A new arena in a part of a memfd that the caller shares with its peers already; offset: a multiple of the page.
    [[nodiscard]] EFD_API static arena place(int descriptor, std::uint64_t offset, const arena_options& options = {},
                                             const arena_trust& trust = {});
    /// The arena that was placed there.
    [[nodiscard]] EFD_API static arena attach_at(int descriptor, std::uint64_t offset, const arena_trust& trust = {});
    /// Receives one message of send. Waits where the socket blocks.
    [[nodiscard]] EFD_API static arena receive(int socket, const arena_trust& trust = {});
    /// Sends the arena over a unix socket, in one message. Throws.
    EFD_API void send(int socket) const;

    /// Objects and sets that this process has keep the memory. No other thread may use the handle any more.
    EFD_API ~arena();
    /// One that was moved from: as eventfd says of its handles.
    arena(arena&& other) noexcept : arena_(std::exchange(other.arena_, nullptr)) {}
    /// What it was before goes, as by its destruction.
    arena& operator=(arena&& other) noexcept {
        arena moved(std::move(other));
        moved.swap(*this);
        return *this;
    }
    arena(const arena&) = delete;
    arena& operator=(const arena&) = delete;
    /// Exchanges what the two mean.
    void swap(arena& other) noexcept { std::swap(arena_, other.arena_); }
    /// Whether it is an arena; false once it was moved from.
    [[nodiscard]] explicit operator bool() const noexcept { return arena_ != nullptr; }

    /// A new object. It lives as long as a living process holds a handle to it. Throws std::system_error:
    /// invalid_argument as eventfd says; no_space_on_device: every slot is in use; ESTALE: this process counts as dead
    /// in the arena, since its life line was closed (closefrom).
    [[nodiscard]] EFD_API eventfd make(std::uint64_t initval = 0, flags how = flags::none) const;
    /// A new object with a name (1 to 47 bytes, none of them zero); it lives until the name is removed and nobody holds
    /// it. Throws file_exists, timed_out (a process keeps the lock of names), and what make throws.
    [[nodiscard]] EFD_API eventfd make(std::string_view name, std::uint64_t initval = 0, flags how = flags::none) const;
    /// A set that takes objects of this arena as well as private objects and private sets: a process that writes to one
    /// wakes the threads that wait on the set. It belongs to this process, and may outlive the handle to the arena; in
    /// a child of fork a wait, remove, and add of an object say ESTALE, and its end there changes nothing for the
    /// parent. An object of the arena stands in up to 4 sets: add throws no_space_on_device. wait_all with an object of
    /// the arena, and a place in another set: operation_not_supported. Waits say io_error, too, beside a peer that
    /// never stops changing what they look at, and ESTALE where this process counts as dead; so do fd() and add of a
    /// kernel descriptor, and operation_not_supported without /proc. fd() is readable while a member is ready, and
    /// until a try has found nothing; also once after the last process that has signalled a member is gone. It takes
    /// two descriptors more than that of another set. Some processes do not make it readable: docs/share.md. Throws
    /// no_space_on_device: every set has a living owner; ESTALE; not_enough_memory. What is handler-safe of a wait_set
    /// is so of this one.
    [[nodiscard]] EFD_API wait_set make_set() const;
    /// The object of that name. no_such_file_or_directory, timed_out, invalid_argument, ESTALE.
    [[nodiscard]] EFD_API arena_lookup find(std::string_view name,
                                            arena_role role = arena_role::signals) const noexcept;
    /// The object of that id; ESTALE: it is gone, and its slot may have another one.
    [[nodiscard]] EFD_API arena_lookup at(std::uint64_t id, arena_role role = arena_role::signals) const noexcept;
    /// The id of an object of this arena, which any process that holds the arena may give to at(); 0 of another object.
    [[nodiscard]] EFD_API std::uint64_t id(const eventfd& object) const noexcept;
    /// Takes the name away; the object lives as long as somebody holds it. no_such_file_or_directory, timed_out,
    /// invalid_argument, ESTALE as find.
    [[nodiscard]] EFD_API std::errc remove(std::string_view name) const noexcept;
    /// All names at this moment. Throws timed_out, ESTALE, not_enough_memory.
    [[nodiscard]] EFD_API std::vector<arena_name> list() const;
    /// Frees what killed processes have held; how many processes there were. make does so by itself when it is out of
    /// slots. Throws ESTALE.
    EFD_API std::size_t reap() const;

    /// The descriptor of the memory, to be passed on; it stays the arena's.
    [[nodiscard]] EFD_API int fd() const noexcept;
    /// Objects at once.
    [[nodiscard]] EFD_API std::size_t slots() const noexcept;

  private:
    explicit arena(share::arena* inside) noexcept : arena_(inside) {}
    [[nodiscard]] share::arena& inside() const noexcept {
        base::must_be_there(arena_);
        return *arena_;
    }
    share::arena* arena_;
};

/// Exchanges what the two mean.
inline void swap(arena& a, arena& b) noexcept { a.swap(b); }

} // namespace efd::EFD_ABI
