// SPDX-License-Identifier: MIT
// conformance/claims/signals.cpp: section G of docs/semantics.md, the effect of Unix signals on calls that sleep.
//
// One function for each row. The handlers only count. A call is seen asleep before a signal is sent to its thread, and
// the signal is seen taken (no longer pending) before the claim judges what the call did.
#include "conformance/framework/calm.hpp"
#include "conformance/framework/counts.hpp"
#include "conformance/framework/epoll_watch.hpp"
#include "conformance/framework/number_calls.hpp"
#include "conformance/framework/sleeper.hpp"
#include "conformance/framework/task.hpp"

#include <array>
#include <atomic>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <unistd.h>

namespace efd::claims {
namespace {

std::atomic<int> handled{0};
std::atomic<object*> for_handler{nullptr};
static_assert(std::atomic<int>::is_always_lock_free);

void install(int flags) {
    struct sigaction action{};
    action.sa_handler = [](int) { handled.fetch_add(1); };
    action.sa_flags = flags;
    ::sigaction(SIGUSR1, &action, nullptr);
}

// Calls that this process makes, where its signals reach them.
sleeper reading(trial& t, object& of) {
    return {t, [&of](pid_t tid) { return of.has_sleeper(tid); },
            [&t, &of](std::uint64_t& value) {
                t.on().keep_calls_here(true);
                return of.read(value);
            },
            "a read"};
}
sleeper writing(trial& t, object& to, std::uint64_t value) {
    return {t, [&to](pid_t tid) { return to.has_sleeper(tid); },
            [&t, &to, value](std::uint64_t&) {
                t.on().keep_calls_here(true);
                return to.write(value);
            },
            "a write of " + std::to_string(value)};
}

// Sends the signal and waits until the thread has taken it.
void interrupt(trial& t, sleeper& one) {
    one.send(SIGUSR1);
    if (!wait_until([&] { return one.returned() || !signal_pending(one.tid(), SIGUSR1); }))
        t.abandon("the signal was not taken");
}

void handler_must_have_run(trial& t, int times) {
    t.expect(wait_until([&] { return handled.load() >= times; }), "the handler ran");
}

// Stops this whole process and continues it, through a child that sees it stopped in between, or gives up after a
// minute. Only calls that the child of a process with threads may make. 0 from the child: it saw the stop.
int stop_and_continue_parent(pid_t parent, const char* stat_file) {
    if (::kill(parent, SIGSTOP) != 0) return 1;
    bool stopped = false;
    for (int i = 0; i < 600'000 && !stopped; ++i) {
        std::array<char, 256> text{};
        const int file = ::open(stat_file, O_RDONLY | O_CLOEXEC);
        const ssize_t got = ::read(file, text.data(), text.size() - 1);
        ::close(file);
        for (ssize_t at = 0; at + 2 < got; ++at)
            if (text[static_cast<std::size_t>(at)] == ')') stopped = text[static_cast<std::size_t>(at) + 2] == 'T';
        ::usleep(100); // pace: between two looks
    }
    return ::kill(parent, SIGCONT) == 0 && stopped ? 0 : 2;
}

void stop_and_continue(trial& t) {
    const pid_t parent = ::getpid();
    const std::string stat_file = "/proc/" + std::to_string(parent) + "/stat";
    const pid_t child = ::fork();
    if (child == 0) ::_exit(stop_and_continue_parent(parent, stat_file.c_str()));
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) t.not_here("this process could not be stopped");
}

// A writev that sleeps in its second segment. Declared difference: the kernel's ends with what it has done.
void vector_under_a_stop(trial& t) {
    const auto o = t.make();
    std::uint64_t values[2] = {3, largest};
    sleeper writer(
        t, [&](pid_t tid) { return o->has_sleeper(tid); },
        [&](std::uint64_t& moved) {
            const answer found = t.calls().writev(o->number(), {{&values[0], 8}, {&values[1], 8}});
            moved = static_cast<std::uint64_t>(found.result);
            return found.error;
        },
        "a writev");
    stop_and_continue(t);
    const bool is_kernels = o->descriptor() >= 0;
    if (!is_kernels) writer.must_sleep("SIGCONT");
    if (is_kernels) writer.must_return_with(0, 8, "SIGCONT");
    expect_read(t, *o, 0, 3, "read of the first segment");
    if (!is_kernels) writer.must_return_with(0, 16, "a read");
}

// While this lives, the sleeper does not run, even when it is woken: both threads have one CPU, and the caller has a
// real-time priority. Where the caller may not have it, the sleeper still preempts nobody when it wakes; but a tick of
// the clock may let it run.
class kept_off_cpu {
  public:
    explicit kept_off_cpu(const sleeper& one) {
        ::sched_getaffinity(0, sizeof before_, &before_);
        cpu_set_t one_cpu;
        CPU_ZERO(&one_cpu);
        CPU_SET(static_cast<unsigned>(::sched_getcpu()), &one_cpu);
        ::sched_setaffinity(0, sizeof one_cpu, &one_cpu);
        ::sched_setaffinity(one.tid(), sizeof one_cpu, &one_cpu);
        const sched_param no_priority{};
        ::sched_setscheduler(one.tid(), SCHED_BATCH, &no_priority);
        sched_param lowest{};
        lowest.sched_priority = ::sched_get_priority_min(SCHED_FIFO);
        is_certain_ = ::sched_setscheduler(0, SCHED_FIFO, &lowest) == 0;
    }
    ~kept_off_cpu() {
        const sched_param no_priority{};
        if (is_certain_) ::sched_setscheduler(0, SCHED_OTHER, &no_priority);
        ::sched_setaffinity(0, sizeof before_, &before_);
    }
    kept_off_cpu& operator=(kept_off_cpu&&) = delete; // neither copied nor moved

    [[nodiscard]] bool is_certain() const { return is_certain_; }

  private:
    cpu_set_t before_{};
    bool is_certain_ = false;
};

// A write and a signal reach a read that sleeps, in this order or the other, before it runs again. True: the read took
// the data. False: the signal came first, and the read ran before the write.
bool takes_data_beside_signal(trial& t, object& o, bool data_first) {
    const int handled_before = handled.load();
    sleeper reader(
        t, [&](pid_t tid) { return o.has_sleeper(tid); },
        [&](std::uint64_t& value) {
            t.on().keep_calls_here(true);
            const int error = o.read(value);
            wait_until([&] { return handled.load() > handled_before; }); // else the signal finds no thread
            return error;
        },
        "a read");
    // A call that another process makes lets the sleeper run.
    t.on().keep_calls_here(!data_first);
    bool must_take = data_first;
    {
        const kept_off_cpu no_run(reader);
        must_take = must_take || no_run.is_certain();
        if (!data_first) reader.send(SIGUSR1);
        t.expect_error(o.write(5), 0, "write");
        if (data_first) reader.send(SIGUSR1);
    }
    reader.must_return("a write and a signal");
    if (must_take || reader.error() == 0)
        reader.must_return_with(0, 5, data_first ? "a write, then a signal" : "a signal, then a write");
    else
        expect_read(t, o, 0, 5, "read of what an interrupted read left");
    t.on().keep_calls_here(false);
    handler_must_have_run(t, handled_before + 1);
    return reader.error() == 0;
}

void masked_signals_do_not_interrupt(trial& t, object& o) {
    sigset_t masked;
    sigemptyset(&masked);
    sigaddset(&masked, SIGUSR1);
    ::pthread_sigmask(SIG_BLOCK, &masked, nullptr);
    auto deaf = reading(t, o); // inherits the mask
    const calm undisturbed(deaf);
    deaf.send(SIGUSR1);
    t.expect(undisturbed.lasts(), "a masked signal does not interrupt");
    t.expect_error(o.write(1), 0, "write");
    deaf.must_return_with(0, 1, "a write");
    ::pthread_sigmask(SIG_UNBLOCK, &masked, nullptr);
}

void data_at_entry_is_taken(trial& t, object& o) {
    std::atomic<bool> enough{false};
    const pthread_t main_thread = ::pthread_self();
    std::thread sender([&] {
        while (!enough.load()) ::pthread_kill(main_thread, SIGUSR1);
    });
    for (int i = 0; i < 5000; ++i) {
        std::uint64_t value = 0;
        t.expect_error(o.write(2), 0, "write under signals");
        t.on().keep_calls_here(true);
        t.expect_error(o.read(value), 0, "read with data there, under signals");
        t.on().keep_calls_here(false);
    }
    enough.store(true);
    sender.join();
}

// EINTR is decided before the handler runs: what the handler writes stays for the next read.
void handler_that_writes(trial& t) {
    struct sigaction action{};
    action.sa_handler = [](int) { for_handler.load()->write(7); };
    ::sigaction(SIGUSR1, &action, nullptr);
    const auto o = t.make();
    for_handler.store(o.get());
    auto reader = reading(t, *o);
    reader.send(SIGUSR1);
    reader.must_return("a handler that writes");
    t.expect_error(reader.error(), EINTR, "a read whose handler writes");
    expect_read(t, *o, 0, 7, "the next read");
    t.expect_equal(o->count(), 0U, "count at the end");
}

} // namespace

CLAIM(K_093, object, "a blocked read, handler without SA_RESTART: EINTR, nothing taken") {
    install(0);
    const auto o = t.make();
    auto reader = reading(t, *o);
    reader.send(SIGUSR1);
    reader.must_return_with(EINTR, 0, "a signal");
    handler_must_have_run(t, 1);
    t.expect_error(o->write(3), 0, "write");
    expect_read(t, *o, 0, 3, "read afterwards");
    handler_that_writes(t);
}

CLAIM(K_094, object, "a blocked read, handler with SA_RESTART: goes on") {
    install(SA_RESTART);
    const auto o = t.make();
    auto reader = reading(t, *o);
    for (int i = 0; i < 3; ++i) {
        interrupt(t, reader);
        reader.must_sleep("a signal with SA_RESTART");
    }
    t.expect_error(o->write(3), 0, "write");
    reader.must_return_with(0, 3, "a write");
    handler_must_have_run(t, 1);
}

CLAIM(K_095, object, "the same two rules for a blocked write; nothing is added on EINTR") {
    install(0);
    const auto o = with_count(t, largest);
    auto writer = writing(t, *o, 2);
    writer.send(SIGUSR1);
    writer.must_return_with(EINTR, "a signal");
    handler_must_have_run(t, 1);
    t.expect_equal(o->count(), largest, "count after EINTR");
    install(SA_RESTART);
    auto patient = writing(t, *o, 2);
    interrupt(t, patient);
    patient.must_sleep("a signal with SA_RESTART");
    expect_read(t, *o, 0, largest, "read");
    patient.must_return_with(0, "a read");
    handler_must_have_run(t, 2);
    t.expect_equal(o->count(), 2U, "count afterwards");
}

CLAIM(K_096, object, "SIGSTOP and SIGCONT: still asleep afterwards, no EINTR") {
    const auto o = t.make();
    const auto full = with_count(t, largest);
    auto reader = sleeper::reading(t, *o);
    auto writer = sleeper::writing(t, *full, 1);
    stop_and_continue(t);
    reader.must_sleep("SIGCONT");
    writer.must_sleep("SIGCONT");
    t.expect_error(o->write(8), 0, "write");
    reader.must_return_with(0, 8, "a write");
    expect_read(t, *full, 0, largest, "read");
    writer.must_return_with(0, "a read");
    if (o->number() >= 0) vector_under_a_stop(t);
}

CLAIM(K_097, object, "data beats a signal; with data at entry never EINTR; masked signals do not interrupt") {
    install(0);
    const auto o = t.make();
    int beaten = 0;
    for (int round = 0; round < 300 && (round < 10 || beaten == 0); ++round) {
        (void)takes_data_beside_signal(t, *o, true); // it must
        if (takes_data_beside_signal(t, *o, false)) ++beaten;
    }
    masked_signals_do_not_interrupt(t, *o);
    data_at_entry_is_taken(t, *o);
    if (beaten == 0) t.not_here("in 300 rounds no write came between a signal and the end of a read");
}

CLAIM(K_098, number, "poll, select and epoll_wait: EINTR even with SA_RESTART") {
    install(SA_RESTART);
    const auto o = t.make();
    const int fd = o->number();
    epoll_watch watch(fd, epoll_in);
    const std::pair<std::string_view, sleeper::call> calls[] = {
        {"poll",
         [fd](std::uint64_t&) {
             pollfd asked{fd, POLLIN, 0};
             return error_of(::poll(&asked, 1, -1));
         }},
        {"select",
         [fd](std::uint64_t&) {
             fd_set set;
             FD_ZERO(&set);
             FD_SET(fd, &set);
             return error_of(::select(fd + 1, &set, nullptr, nullptr, nullptr));
         }},
        {"epoll_wait",
         [&watch](std::uint64_t&) {
             epoll_event event{};
             return error_of(::epoll_wait(watch.descriptor(), &event, 1, -1));
         }},
    };
    for (const auto& [name, call] : calls) {
        auto one = polling(t, call, name);
        one.send(SIGUSR1);
        one.must_return_with(EINTR, "a signal with SA_RESTART");
    }
    handler_must_have_run(t, 3);
}

CLAIM(K_099, object, "interrupted calls have no effect on the count") {
    install(0);
    for (const int mode : {0, int{EFD_SEMAPHORE}}) {
        const auto empty = t.make(0, mode);
        const auto full = with_count(t, largest, mode);
        for (int i = 0; i < 5; ++i) {
            auto reader = reading(t, *empty);
            auto writer = writing(t, *full, 3);
            reader.send(SIGUSR1);
            writer.send(SIGUSR1);
            reader.must_return_with(EINTR, "a signal");
            writer.must_return_with(EINTR, "a signal");
        }
        t.expect_equal(empty->count(), 0U, "count of the empty one");
        t.expect_equal(full->count(), largest, "count of the full one");
        t.expect_error(empty->write(1), 0, "write");
        expect_read(t, *empty, 0, 1, "read afterwards");
    }
}

} // namespace efd::claims
