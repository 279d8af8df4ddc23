// SPDX-License-Identifier: MIT
// The view machine: a memory in which loads may be stale, a futex, and the threads of one exploration.
//
// Each shared place has a history of messages, in modification order; each message carries a value and a view (for each
// place, the oldest message that its reader may still read afterwards); each thread has a view. A load may read any
// message not older than the thread's view. Acquire joins the message's view into the thread's; release puts the
// thread's view into the message; a read-modify-write reads the newest message and hands on its view too (release
// sequences). A failed compare-and-swap is a load. The futex has one queue and one view for each address: its bucket's
// lock, taken and released by every wait and wake; who is woken has its waker's view, as by the scheduler's locks. A
// sleep on two words is two steps, as in the kernel: a thread may be chosen by the first before it is at the second.
//
// What it cannot see: load buffering (a load that reads a store not made yet), stores that enter a modification order
// anywhere but at its end, races on plain memory, more threads and operations than a scenario has.
//
// All that changes during an exploration is in `state`, the fibers' stacks, the arena and the regions named to it.
#pragma once

#include "explorer/fiber.hpp"
#include "explorer/model_atomic.hpp"

#include <algorithm>
#include <array>
#include <bitset>
#include <cstdint>
#include <string>
#include <vector>

namespace explore {

inline constexpr int max_shared = 40;
inline constexpr int max_history = 60;
inline constexpr int max_places = 128;
inline constexpr int max_futexes = 6;

struct view {
    std::array<std::uint8_t, max_shared> at{};
    void join(const view& other) noexcept {
        for (std::size_t i = 0; i < at.size(); ++i) at[i] = at[i] < other.at[i] ? other.at[i] : at[i];
    }
};

struct message {
    std::uint64_t value;
    view seen;
};

struct history {
    std::uint8_t count;
    std::array<message, max_history> messages;
    const message& newest() const noexcept { return messages[count - 1U]; }
};

// Crashed: killed, and out of every queue. Stopped: its next step never comes, for the others as if it were only slow.
enum class life : std::uint8_t { absent, runnable, asleep, done, crashed, stopped };

// Why a futex wait came back; the values of os::wait_end.
enum class wake_reason : std::uint8_t { woken, changed, interrupted, timed_out };

struct thread_state {
    life alive;
    std::uint8_t futex;     // where it sleeps
    std::uint8_t beside;    // the queue of its first word, plus one, if it waits on two
    bool ran;               // the stack's hash is stale
    bool before_first_step; // of the call that it says it is in, if the scenario asks for that
    bool chosen;            // with stops: a waker has taken it out of a futex queue, and it has not gone to sleep again
    bool swallowed;         // with stops: it has silenced a bell in this call, and not rung one since
    unsigned in_callback;   // the core's thread_local
    std::uint64_t doing[2]; // the scenario's note: which operation is in progress, and its amount
    void* stack_pointer;
    request* pending; // on its stack
    view seen;
    std::uint64_t stack_hash[2];
};

struct futex_queue {
    view bucket;
    std::uint8_t count;
    std::array<std::uint8_t, max_threads> sleepers;
    bool has(int thread) const noexcept {
        return std::find(sleepers.begin(), sleepers.begin() + count, thread) != sleepers.begin() + count;
    }
    void add(int thread) noexcept { sleepers[count++] = static_cast<std::uint8_t>(thread); }
    void remove(int thread) noexcept {
        const auto end = std::remove(sleepers.begin(), sleepers.begin() + count, thread);
        count = static_cast<std::uint8_t>(end - sleepers.begin());
        std::fill(end, sleepers.end(), std::uint8_t{0});
    }
};

struct budgets {
    std::uint8_t spurious_wakes = 0;
    std::uint8_t interrupts = 0;
    std::uint8_t weak_failures = 0;
    std::uint8_t crashes = 0;
    std::uint8_t preemptions = 255; // 255: not bounded
    std::uint8_t stops = 0;         // any thread may stop for ever, between any two of its steps
    std::uint8_t one_word = 0;      // above zero: the kernel has no sleep on two words
    std::uint8_t time_outs = 255;   // 255: not bounded
    std::uint8_t in_order = 0;      // above zero: no load is stale, as between the contexts of one thread
};

struct state {
    std::array<history, max_shared> shared;
    std::array<std::uint64_t, max_places> own; // values of places that only one thread uses or nobody writes
    std::bitset<max_places> own_known;
    std::array<thread_state, max_threads> threads;
    std::array<futex_queue, max_futexes> futexes;
    budgets left;
    std::int8_t locked;   // the thread in the midst of a block of loads; -1: none
    std::int8_t last;     // who made the last step, for the preemption bound
    std::uint8_t process; // 1: the child of a fork
    std::uint16_t waits;  // futex calls made, if the scenario counts them
    std::uint16_t wakes;
};

// How an address is used, as far as explorations have shown; kept from one exploration to the next of a scenario.
enum class use : std::uint8_t { constant, owned, shared };
struct place {
    std::uintptr_t address;
    std::size_t size;
    int fiber; // whose, for thread storage; -1
    use used;
    int owner;
    bool written;
    int slot; // shared: its index in histories and views
};

// One thing that can happen next.
enum class event : std::uint8_t {
    read_message, // load, failed compare-and-swap, futex_wait: argument is the message
    step,         // anything with a single outcome
    exchange,     // a compare-and-swap that succeeds
    weak_failure,
    spurious_wake,
    interrupt,
    time_out,
    crash,
    stop,
};
struct choice {
    std::uint8_t thread;
    event what;
    std::uint8_t argument;
};

struct region {
    unsigned char* first;
    std::size_t bytes;
};

class machine {
  public:
    // Begins an exploration of these threads, whose fibers run up to their first shared step.
    void begin(const std::vector<fiber_body>& bodies, const budgets& allowed, bool counts_calls);
    void finish() noexcept { active_ = false; }

    // What may happen now, environment included; `quiet` says that nothing may but for the environment.
    void list_choices(std::vector<choice>& into, bool& quiet) const;
    void apply(const choice& chosen);
    // Drops messages nobody can read any more, so that equal futures look equal.
    void trim() noexcept;

    bool failed() const noexcept { return !failure_.empty(); }
    const std::string& failure() const noexcept { return failure_; }
    void fail(const std::string& why);
    bool wants_restart() const noexcept { return restart_; }
    void forget_places() noexcept;

    // For the atomics.
    void perform(request& asked);
    bool active() const noexcept { return active_; }
    bool stops() const noexcept { return stops_; } // of a scenario in which threads may
    bool may_go_on(int thread) const { return enabled(thread); }
    int running() const noexcept { return running_; }
    void finish_fiber();

    std::uint64_t newest_value(const void* address, std::size_t size) const noexcept;
    bool somebody_crashed() const noexcept;
    bool sleeps(int thread) const noexcept { return now.threads[index(thread)].alive == life::asleep; }

    std::vector<place>& places() noexcept { return places_; }
    const place* place_at(std::uintptr_t address, int fiber) const noexcept;
    int shared_count() const noexcept { return shared_count_; }
    void set_shared_count(int count) noexcept { shared_count_ = count; } // of places that were read from a seed
    const std::vector<std::uintptr_t>& futexes() const noexcept { return futexes_; }
    int thread_count() const noexcept { return thread_count_; }

    // Each step is told to this function while it is set: (thread, what happened).
    using teller = void (*)(int thread, const request& asked, const std::string& what);
    teller tell = nullptr;

    state now{};
    std::vector<region> regions; // plain memory that belongs to the state, beside the arena
    std::uint64_t steps = 0;
    std::array<bool, max_threads> may_crash{};

  private:
    static std::size_t index(int i) noexcept { return static_cast<std::size_t>(i); }

    place& use_place(const request& asked, bool writes);
    void note_use(place& p, bool writes);
    void make_shared(place& p);
    std::uint64_t& own_value(const place& p) noexcept;
    void act_alone(request& asked, std::uint64_t& value);
    void yield();
    void run(int thread);
    void list_of(int thread, std::vector<choice>& into) const;
    void list_sleeper(int thread, std::vector<choice>& into) const;
    bool enabled(int thread) const;
    bool crashed(std::uint64_t named_at) const noexcept;

    void load_message(thread_state& t, request& asked, int slot, int which, order o);
    void write_message(thread_state& t, int slot, std::uint64_t value, order o, const view* continued);
    void step(thread_state& t, request& asked);
    bool look_at_futex(int thread, int futex, const choice& chosen);
    void act_futex_queue(int thread, const choice& chosen);
    void become_child() noexcept;
    void note_switch_to(int thread) noexcept;
    void act_futex_wait(int thread, const choice& chosen);
    void act_futex_wake(int thread);
    void release_sleeper(int thread, wake_reason why, bool takes_lock);
    bool was_chosen_beside(int thread) const noexcept;
    void leave_queues(int thread);
    int futex_of(std::uintptr_t address);
    const place* futex_place(std::uintptr_t address) const;
    void say(int thread, const request& asked, const std::string& what) const {
        if (tell != nullptr) tell(thread, asked, what);
    }

    std::vector<place> places_;
    std::vector<std::uintptr_t> futexes_;
    int shared_count_ = 0;
    int thread_count_ = 0;
    int running_ = -1;
    unsigned own_steps_ = 0; // since the last switch: a loop of these alone would never end
    bool active_ = false;
    bool restart_ = false;
    bool counts_calls_ = false;
    bool stops_ = false;
    void* scheduler_ = nullptr;
    std::string failure_;
    std::array<fiber_body, max_threads> bodies_{};
};

machine& the_machine() noexcept;

// What an atomic step does to a value.
std::uint64_t value_after(const request& asked, std::uint64_t old) noexcept;
bool is_write(act what) noexcept;
const char* name_of(act what) noexcept;
const char* name_of(order o) noexcept;

// The plain memory of a scenario: everything that operator new gives while a scenario is set up or explored.
unsigned char* arena_begin() noexcept;
std::size_t& arena_used() noexcept;
void arena_open(bool open) noexcept;

} // namespace explore
