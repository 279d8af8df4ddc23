// SPDX-License-Identifier: MIT
// tests/dropin/conservation/ledger.hpp: what the processes of one round share: eventfds, slots, and a journal each.
//
// A slot is one thread of one process. It writes each call into its journal before it makes it, and the outcome behind
// it by one store; so a thread that was killed, cancelled, or jumped out of a call leaves an entry whose outcome is
// unknown, and the audit knows what may have happened. The memory is a memfd, which programs that are started by exec
// map again.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <sys/types.h>

namespace conservation {

inline constexpr int most_eventfds = 3;
inline constexpr int most_slots = 48;
inline constexpr int most_entries = 1024;
inline constexpr std::uint64_t most_units = UINT64_MAX - 1;

enum class act : std::uint8_t { none, write, read, record }; // record: eight bytes into a file that has a reused number
enum class outcome : std::uint8_t { unknown, done, refused };

struct entry {
    act what = act::none;
    std::uint8_t form = 0;
    std::int8_t object = 0;
    std::int16_t number = 0;
    std::uint64_t units = 0; // to write; read: what was taken
    std::atomic<outcome> how{outcome::unknown};
};

// What a slot's thread does, to find out whether all is at rest.
enum class place : std::uint8_t { empty, begins, between_calls, in_call, watches, ended };

struct thread_slot {
    std::atomic<place> where{place::empty};
    std::atomic<pid_t> thread{0};
    std::atomic<unsigned> watched{0}; // a bit for each eventfd that a watcher waits for
    std::atomic<int> used{0};
    std::array<entry, most_entries> journal;
};

struct eventfd_object {
    int number = -1; // in every process
    bool is_semaphore = false;
    bool blocks = false;
    int reader = -1; // of the host's threads the one that usually reads alone; -1: all read
};

struct ledger {
    std::uint64_t seed = 0;
    std::uint32_t features = 0;
    int eventfds = 0;
    std::array<eventfd_object, most_eventfds> object;
    int quit = -1;                             // the end to read of a pipe that is written to when all is to end
    int records = -1;                          // the file of act::record
    std::atomic<bool> handlers_stopped{false}; // handlers do nothing any more
    std::atomic<bool> is_over{false};          // no thread begins to wait any more
    std::atomic<int> slots_used{0};
    std::atomic<std::uint64_t> beat{0}; // moves while the round goes on
    std::uint64_t calls = 0;            // of all rounds, with an outcome that is known
    std::uint64_t left = 0;             // and with none
    std::uint64_t lost = 0;             // units that calls which were left have taken with them
    std::atomic<int> fault_said{0};
    std::array<char, 512> fault{};
    std::array<thread_slot, most_slots> slots;
};

extern ledger* book; // of this process
extern int book_fd;

void make_book();
void open_book(int fd); // in a program that was started by exec

// Claims a free slot; null: there is none. From that one step until a thread begins to work in it, the slot is the
// taker's, which may be killed at any moment.
thread_slot* claim_slot(pid_t taker);

// The first fault of a round; the process ends.
[[noreturn]] [[gnu::format(printf, 1, 2)]] void fault(const char* format, ...);

} // namespace conservation
