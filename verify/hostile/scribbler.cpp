// SPDX-License-Identifier: MIT
// scribbler.cpp: a process that writes over an arena as fast as it can, and does what else a holder of its memory can
// do.
#include "hostile/control.hpp"

#include "core/shared_slots.hpp"
#include "share/layout.hpp"
#include "share/tenant.hpp"

#include <climits>
#include <cstdlib>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/futex.h>
#include <random>
#include <string>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace efd::hostile {
namespace {

constexpr std::size_t slot_bytes = 64;

int opened_anew(int descriptor) {
    return ::open(("/proc/self/fd/" + std::to_string(descriptor)).c_str(), O_RDWR | O_CLOEXEC);
}

bool change_lock(int descriptor, short type, std::uint64_t first, std::uint64_t bytes) {
    struct ::flock64 lock{};
    lock.l_type = type;
    lock.l_whence = SEEK_SET;
    lock.l_start = static_cast<off64_t>(first);
    lock.l_len = static_cast<off64_t>(bytes);
    return ::fcntl(descriptor, F_OFD_SETLK, &lock) == 0;
}

class scribbler {
  public:
    scribbler(int descriptor, control& all, std::uint64_t seed) : fd_(descriptor), all_(all), dice_(seed) {
        void* const at = ::mmap(nullptr, where_.bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd_, 0);
        if (at == MAP_FAILED) std::_Exit(3);
        base_ = static_cast<char*>(at);
        if (::pread(fd_, header_, sizeof header_, 0) != sizeof header_) std::_Exit(3);
        own_ = opened_anew(fd_);
    }

    void run() {
        while (!all_.stop) phase();
        restore();
    }

  private:
    // A while with some of the patterns: beside all of them at once no call of another process gets far.
    void phase() {
        constexpr std::int64_t phase_ns = 20'000'000;
        const std::uint64_t mask = any(3) == 0 ? ~std::uint64_t{0} : random() & random();
        const std::int64_t until = clock_ns(CLOCK_MONOTONIC) + phase_ns;
        if (any(2) == 0) restore();
        while (!all_.stop && clock_ns(CLOCK_MONOTONIC) < until)
            for (int i = 0; i < 64; ++i) {
                const auto what = static_cast<unsigned>(any(static_cast<std::uint64_t>(pattern::number) - 1));
                if ((mask >> what & 1) == 0 || is_rare(static_cast<pattern>(what))) continue;
                make(static_cast<pattern>(what));
                all_.patterns[what].fetch_add(1, std::memory_order_relaxed);
            }
    }
    // Calls of the system, and what leaves nothing as it was.
    bool is_rare(pattern what) {
        switch (what) {
        case pattern::page:
        case pattern::lock: return any(2000) != 0;
        case pattern::hole:
        case pattern::header: return any(500) != 0;
        case pattern::wake:
        case pattern::requeue:
        case pattern::storm: return any(20) != 0;
        default: return false;
        }
    }

    std::uint64_t random() { return dice_(); }
    std::uint64_t any(std::uint64_t below) { return dice_() % below; }
    template <class Word>
    void put(std::uint64_t offset, Word word) {
        reinterpret_cast<std::atomic<Word>*>(base_ + offset)->store(word, std::memory_order_relaxed);
    }
    std::uint64_t slot() { return where_.slots_at + any(slots) * slot_bytes; }
    void* futex_word() {
        constexpr std::uint64_t words[] = {0, 16, 20};
        return base_ + slot() + words[any(3)];
    }

    // A word that is near to what the library writes.
    std::uint64_t near_word() {
        static constexpr std::uint64_t counts[] = {
            0, 1, 64, core::packed_limit - 1, core::packed_limit, (1U << 29) - 1};
        const std::uint64_t count = any(2) == 0 ? counts[any(6)] : random() >> any(64);
        const std::uint64_t marks = random() & (0xF | std::uint64_t{7} << 32);
        const std::uint64_t stamp = any(3) == 0 ? 0 : (random() & 0xFFFF'FFF0);
        return count << core::count_shift | marks | stamp;
    }
    std::uint64_t near_tenant() {
        const std::uint64_t generation = any(4) == 0 ? random() >> 32 : any(64);
        return generation << 32 | (random() & (share::stamp_bits | 0xF));
    }
    std::uint64_t near_id() {
        return (any(2) == 0 ? any(64) : random() >> 32) << 32 | (any(3) != 0 ? any(slots) : random() >> 32);
    }

    std::uint64_t near_set() {
        const std::uint64_t generation = any(4) == 0 ? random() >> 32 : any(64);
        return generation << 32 | (any(4) == 0 ? random() >> 32 : any(processes + 2));
    }
    // A pid and a number, an inode of a pipe, or an arming.
    std::uint64_t near_bell() {
        switch (any(3)) {
        case 0: return static_cast<std::uint64_t>(::getppid() + static_cast<pid_t>(any(8))) << 32 | any(64);
        case 1: return any(2) == 0 ? random() : any(1U << 20);
        default: return (random() & ~std::uint64_t{UINT32_MAX}) | any(2);
        }
    }
    // Of a set that lives, mostly.
    std::uint64_t near_cell() {
        const std::uint64_t set = any(4) == 0 ? any(1024) : any(sets);
        const std::uint64_t at = where_.sets_at + (set % sets) * 64;
        const std::uint64_t tenant = reinterpret_cast<const std::atomic<std::uint64_t>*>(base_ + at)->load();
        const std::uint64_t member = any(4) == 0 ? any(1U << 20) : any(slots);
        return any(8) == 0 ? random() : (tenant >> 32) << 32 | set << core::cell_set_shift | member;
    }

    void make(pattern what) {
        switch (what) {
        case pattern::random_word: return put(slot() + any(8) * 8, random());
        case pattern::marks: return put(slot(), near_word());
        case pattern::huge_count: {
            const std::uint64_t at = slot();
            put(at, near_word() | core::sealed_mark);
            return put(at + 8, any(2) == 0 ? ~random() >> any(64) : ~std::uint64_t{0} - any(3));
        }
        case pattern::park_words:
            return put(slot() + 16 + any(4) * 4, static_cast<std::uint32_t>(random() & 0xFFFF'FFFF));
        case pattern::one_bit:
            reinterpret_cast<std::atomic<std::uint64_t>*>(base_ + slot() + any(4) * 8)
                ->fetch_xor(std::uint64_t{1} << any(64));
            return;
        case pattern::storm: return storm();
        case pattern::zero_slot: return zero(slot(), slot_bytes);
        case pattern::tenants: return put(where_.tenants_at + any(slots) * 8, near_tenant());
        case pattern::rows: {
            const std::uint64_t bits = any(3) == 0 ? 0 : any(2) == 0 ? ~std::uint64_t{0} : random();
            return put(where_.rows_at + any(where_.row_bytes * processes / 8) * 8, bits);
        }
        case pattern::entries:
            return put(where_.processes_at + any(processes * 16) * 4, static_cast<std::uint32_t>(random() >> any(64)));
        case pattern::names_of: return scribble_name();
        case pattern::set_entries: return put(where_.sets_at + any(sets) * 64 + any(2) * 8, near_set());
        case pattern::bells_of: return put(where_.sets_at + any(sets) * 64 + (2 + any(3)) * 8, near_bell());
        case pattern::cells: return put(slot() + 32 + any(4) * 8, near_cell());
        case pattern::bitmaps:
            return put(where_.bitmaps_at + any(where_.bitmap_bytes * sets / 8) * 8,
                       any(3) == 0 ? ~std::uint64_t{0} : random() & random());
        case pattern::beds: return put(where_.slots_at + (slots + any(sets)) * slot_bytes + any(4) * 8, near_word());
        case pattern::header:
            return put(any(share::header_bytes / 8) * 8, any(2) == 0 ? random() : random() >> any(64));
        case pattern::page: {
            const std::uint64_t first = any(where_.bytes / 4096) * 4096;
            for (std::uint64_t i = 0; i < 4096; i += 8) put(first + i, random());
            return;
        }
        case pattern::hole: {
            const bool all = any(8) == 0;
            const off_t first = all ? 0 : static_cast<off_t>(any(where_.bytes / 4096) * 4096);
            const off_t bytes = all ? static_cast<off_t>(where_.bytes) : 4096;
            (void)::fallocate(fd_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, first, bytes);
            return;
        }
        case pattern::lock: return keep_a_lock();
        case pattern::wake: ::syscall(SYS_futex, futex_word(), FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0); return;
        case pattern::requeue:
            ::syscall(SYS_futex, futex_word(), FUTEX_REQUEUE, static_cast<int>(any(2)), INT_MAX, futex_word(), 0);
            return;
        case pattern::restored:
        case pattern::number: return;
        }
    }
    // Each change makes a compare-and-swap or a sleep beside it fail.
    void storm() {
        const std::uint64_t at = any(4) == 0 ? slot() + 16 : slot();
        const std::uint32_t first = static_cast<std::uint32_t>(random() & 0xF);
        for (std::uint32_t i = 0; i < 20'000; ++i) put(at, first | i << 4);
    }
    void scribble_name() {
        const std::uint64_t at = where_.names_at + any(names) * sizeof(share::name_entry);
        const std::uint64_t from = where_.names_at + any(names) * sizeof(share::name_entry);
        switch (any(4)) {
        case 0: return put(at, near_id());
        case 1: return put(at + 8 + any(6) * 8, random()); // no end
        case 2: return zero(at, sizeof(share::name_entry));
        default:
            for (std::uint64_t i = 8; i < sizeof(share::name_entry); i += 8) {
                const auto* const other = reinterpret_cast<std::atomic<std::uint64_t>*>(base_ + from + i);
                put(at + i, other->load());
            }
        }
    }
    void keep_a_lock() {
        const bool of_names = any(2) == 0;
        const std::uint64_t first = of_names ? share::names_lock_byte : share::life_byte + any(processes);
        const std::uint64_t bytes = of_names ? 1 : 1 + any(processes);
        if (!change_lock(own_, F_WRLCK, first, bytes)) return;
        const std::int64_t kept_ns = static_cast<std::int64_t>(any(3'000'000));
        const std::int64_t until = clock_ns(CLOCK_MONOTONIC) + kept_ns;
        while (!all_.stop && clock_ns(CLOCK_MONOTONIC) < until) put(slot(), near_word());
        (void)change_lock(own_, F_UNLCK, first, bytes);
    }
    void zero(std::uint64_t at, std::uint64_t bytes) {
        for (std::uint64_t i = 0; i < bytes; i += 8) put(at + i, std::uint64_t{0});
    }
    void restore() {
        for (std::size_t i = 0; i < sizeof header_ / 8; ++i) put(i * 8, header_[i]);
        zero(where_.tenants_at, slots * 8);
        zero(where_.names_at, names * sizeof(share::name_entry));
        zero(where_.sets_at, sets * 64);
        zero(where_.bitmaps_at, where_.bitmap_bytes * sets);
        zero(where_.slots_at, (slots + sets) * slot_bytes);
        all_.patterns[static_cast<unsigned>(pattern::restored)].fetch_add(1, std::memory_order_relaxed);
    }

    int fd_;
    int own_ = -1; // an open file description of its own
    control& all_;
    std::mt19937_64 dice_;
    share::layout where_ = share::layout_of({.slots = slots, .processes = processes, .names = names, .sets = sets});
    char* base_ = nullptr;
    std::uint64_t header_[8]{};
};

void pause_ms(long ms) {
    const timespec time{ms / 1000, ms % 1000 * 1'000'000};
    ::nanosleep(&time, nullptr); // pace: of one that only keeps a lock
}

} // namespace

void scribble(int descriptor, control& all, std::uint64_t seed) { scribbler(descriptor, all, seed).run(); }

void keep_names(int descriptor, control& all) {
    constexpr long before_ms = 2000;
    constexpr int kept_ms = 4000;
    const int own = opened_anew(descriptor);
    pause_ms(before_ms);
    while (!all.stop && !change_lock(own, F_WRLCK, share::names_lock_byte, 1)) pause_ms(1);
    for (int ms = 0; ms < kept_ms && !all.stop; ms += 10) pause_ms(10);
}

} // namespace efd::hostile
