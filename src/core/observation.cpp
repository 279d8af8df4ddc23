// SPDX-License-Identifier: MIT
// core/observation.cpp: see observation.hpp.
#include "core/observation.hpp"

#include "base/stop.hpp"
#include "core/trace.hpp"
#include "os/clock.hpp"
#include "os/process.hpp"
#include "os/shared_memory.hpp"

#include <cerrno>
#include <cstdlib>
#include <new>
#include <pthread.h>
#include <string_view>

namespace efd::EFD_ABI::core {
namespace {

constexpr unsigned owner_only = 0600;

// Relaxed order is enough: a thread that finds this memory writes to it, and relies on no other thread's writes.
constinit base::atomic<observed_file*> memory{nullptr};
constinit base::atomic<std::uint32_t> owner{0}; // os::process_number() of the process that made it
constinit base::atomic<int> number{-1};         // of its descriptor, which readers find in /proc

// A forked child closes the number only if it still names this file.
constinit base::atomic<std::uint64_t> file_device{0};
constinit base::atomic<std::uint64_t> file_inode{0};

observed_file* memory_of_this_process() noexcept {
    observed_file* const file = memory.load(base::relaxed);
    return file != nullptr && owner.load(base::relaxed) == os::process_number() ? file : nullptr;
}

int make_file(observed_file*& made, int& fd) noexcept {
    // NOLINTNEXTLINE(bugprone-suspicious-stringview-data-usage): of a literal
    fd = os::create_memory_file(observed_file_name.data());
    if (fd < 0) return fd;
    int error = os::set_file_mode(fd, owner_only);
    if (error == 0) error = os::set_file_bytes(fd, sizeof(observed_file));
    if (error == 0) error = os::seal_size(fd);
    void* const place = error == 0 ? os::map_file(sizeof(observed_file), fd) : nullptr;
    if (place == nullptr) {
        os::close_known_fd(fd);
        return error == 0 ? -ENOMEM : error;
    }
    made = static_cast<observed_file*>(place); // zeroed, and every field of it begins as zero
    observed_header& header = made->header;
    header.version = observed_version;
    header.rows = observed_rows;
    header.sleepers = observed_sleepers;
    header.pid = os::process_id();
    header.begun_ns = os::now_ns();
    header.magic = observed_magic;
    return 0;
}

// False: another thread was first.
bool publish(observed_file* made, int fd) noexcept {
    observed_file* of_parent = memory.load(base::relaxed);
    if (of_parent != nullptr && owner.load(base::relaxed) != os::process_number()) {
        memory.store(nullptr, base::relaxed); // a forked child does not use its parent's
        of_parent = nullptr;
    }
    owner.store(os::process_number(), base::relaxed);
    if (!memory.compare_exchange_strong(of_parent, made, base::relaxed, base::relaxed)) return false;
    const os::file_identity file = os::identity_of(fd);
    file_device.store(file.device, base::relaxed);
    file_inode.store(file.inode, base::relaxed);
    number.store(fd, base::relaxed);
    return true;
}

template <class Word>
void copy(Word& to, const Word& from) noexcept {
    to.store(from.load(base::relaxed), base::relaxed);
}

// Copies the rows of private objects for a child, since fork has copied the objects.
void inherit(observed_file& to, const observed_file& from) noexcept {
    copy(to.header.private_rows_used, from.header.private_rows_used);
    for (std::uint32_t i = 0; i < observed_private_rows && i < from.header.private_rows_used.load(base::relaxed); ++i) {
        const observed_row& old = from.rows[i];
        observed_row& own = to.rows[i];
        if (old.flags.load(base::relaxed) == 0) continue;
        copy(own.made_by, old.made_by);
        copy(own.id, old.id);
        copy(own.object, old.object);
        copy(own.made_at, old.made_at);
        copy(own.made_ns, old.made_ns);
        copy(own.count, old.count);
        own.flags.store(old.flags.load(base::relaxed) | row_is_inherited, base::relaxed);
    }
}

bool is_yes(std::string_view value) noexcept { return value == "1" || value == "on"; }
bool is_no(std::string_view value) noexcept { return value.empty() || value == "0" || value == "off"; }

const char* sentence_of(int error) noexcept {
    switch (error) {
    case -EMFILE: return "it needs a descriptor, and this process may have no more (RLIMIT_NOFILE); off is used";
    case -ENFILE: return "it needs a descriptor, and the system has no more; off is used";
    case -EFBIG: return "it needs 2 MiB in a file of memory, and RLIMIT_FSIZE is lower; off is used";
    default: return "there is no memory for it; off is used";
    }
}
static_assert(sizeof(observed_file) <= 2U << 20);

// Runs when the library is loaded, as for EFD_LINGER. A set-user-id program ignores the variable.
void start_if_asked() noexcept {
    const char* const value = ::secure_getenv("EFD_OBSERVE");
    if (value == nullptr || is_no(value)) return;
    if (!is_yes(value)) return base::warn("EFD_OBSERVE", value, "it may be 1, on, 0 or off; off is used");
    if (const int error = observation::start(); error != 0) base::warn("EFD_OBSERVE", value, sentence_of(error));
}
[[maybe_unused]] const int fork_handler =
    ::pthread_atfork(nullptr, nullptr, [] { observation::after_fork_in_child(); });
[[maybe_unused]] const int started = (start_if_asked(), 0);

} // namespace

observed_file* observation::current() noexcept {
    observed_file* const file = memory_of_this_process();
    return file != nullptr && file->header.is_on.load(base::relaxed) != 0 ? file : nullptr;
}

int observation::start() noexcept {
    os::tell_forks_apart();
    observed_file* file = memory_of_this_process();
    if (file == nullptr) {
        int fd = -1;
        if (const int error = make_file(file, fd); error != 0) return error;
        if (!publish(file, fd)) {
            os::unmap(file, sizeof *file);
            os::close_known_fd(fd);
            file = memory_of_this_process();
        }
    }
    file->header.is_on.store(1, base::relaxed);
    trace_gate.fetch_or(gate_observed, base::relaxed);
    return 0;
}

void observation::stop() noexcept {
    trace_gate.fetch_and(~gate_observed, base::relaxed);
    if (observed_file* const file = memory_of_this_process(); file != nullptr)
        file->header.is_on.store(0, base::relaxed);
}

// The child has one thread. It gets memory of its own, and unmaps the parent's.
void observation::after_fork_in_child() noexcept {
    observed_file* const of_parent = memory.load(base::relaxed);
    if (of_parent == nullptr || owner.load(base::relaxed) == os::process_number()) return;
    const bool is_on = of_parent->header.is_on.load(base::relaxed) != 0;
    const int fd = number.load(base::relaxed);
    const os::file_identity file{file_device.load(base::relaxed), file_inode.load(base::relaxed)};
    if (fd >= 0 && os::identity_of(fd) == file) os::close_known_fd(fd);
    number.store(-1, base::relaxed);
    memory.store(nullptr, base::relaxed);
    if (!is_on || start() != 0)
        trace_gate.fetch_and(~gate_observed, base::relaxed);
    else
        inherit(*memory.load(base::relaxed), *of_parent);
    os::unmap(of_parent, sizeof *of_parent);
}

std::uint32_t observation::claim_sleeper(observed_file& file, std::uint32_t row, bool for_room) noexcept {
    constexpr std::uint32_t tries = 32;
    const std::uint32_t thread = os::thread_number();
    for (std::uint32_t i = 0; i < tries; ++i) {
        const std::uint32_t at = (thread + i) % observed_sleepers;
        observed_sleeper& one = file.sleepers[at];
        std::uint32_t nobody = 0;
        if (one.thread.load(base::relaxed) != 0 ||
            !one.thread.compare_exchange_strong(nobody, thread, base::relaxed, base::relaxed))
            continue;
        one.row.store(row, base::relaxed);
        one.is_writer.store(for_room ? 1 : 0, base::relaxed);
        one.since_ns.store(os::now_ns(), base::relaxed);
        return at;
    }
    return observed_sleepers;
}

observed_row* observation::shared_row(observed_file& file, std::uint64_t object, bool& is_new) noexcept {
    constexpr std::uint32_t tries = 32;
    constexpr unsigned line_shift = 6;
    observed_row* free = nullptr;
    is_new = false;
    for (std::uint32_t i = 0; i < tries; ++i) {
        const auto at = static_cast<std::uint32_t>(((object >> line_shift) + i) % observed_shared_rows);
        observed_row& one = file.rows[observed_private_rows + at];
        const std::uint64_t found = one.object.load(base::relaxed);
        if (found == object) return &one;
        if (found == 0 && free == nullptr) free = &one;
    }
    std::uint64_t nobody = 0;
    if (free == nullptr || !free->object.compare_exchange_strong(nobody, object, base::relaxed, base::relaxed))
        return nullptr;
    is_new = true;
    return free;
}

} // namespace efd::EFD_ABI::core
