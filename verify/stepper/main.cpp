// SPDX-License-Identifier: MIT
// main.cpp: stops one thread at every instruction of a call, and looks whether the others get on beside it (E7).
//
//     stepper                       every call, at positions that make up a bounded number of steps
//     stepper --all                 at every instruction
//     stepper --only NAME           that call
//     stepper --must-fail           each call named so must show a fault: of libraries that are broken on purpose
//
// A call that is `left` is not looked at beside: there a handler jumps out of it, and things must come right after
// that.
//
// At a position the stepped thread stands still, in the tracer's hands. The healthy thread makes its calls, which must
// end; then the waiter must have answered. A waiter that is seen asleep and has not answered, while nobody else runs,
// is a fault: no clock says so. The nested way goes on with a signal instead, whose handler writes and waits for the
// reader's answer.
#include "common/task.hpp"
#include "stepper/stepped_process.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <poll.h>
#include <sched.h>
#include <string>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

namespace efd::stepper {
namespace {

constexpr auto patience = std::chrono::seconds(20); // for calls that never end: a failure, not a verdict about time
constexpr long most_steps = 10'000;                 // of one scene, unless at every instruction

struct options {
    bool all = false;
    bool must_fail = false;
    std::string only;
};

using clock = std::chrono::steady_clock;

enum class way : unsigned char { beside, handler, jump };
constexpr const char* name_of(way how) {
    return how == way::beside ? "beside" : how == way::handler ? "handler" : "jump";
}

enum class stop : unsigned char { stepped, at_marker, blocked, lost };

// One stepped process and its stepped thread, in the tracer's hands.
class tracer {
  public:
    explicit tracer(const scene& what) : what_(what), process_(start(what)), thread_(process_.shared->stepped) {
        if (::ptrace(PTRACE_SEIZE, thread_, nullptr, PTRACE_O_EXITKILL) != 0) fault_ = "it cannot be traced";
    }
    ~tracer() { end(process_); }
    tracer& operator=(tracer&&) = delete; // neither copied nor moved

    [[nodiscard]] const std::string& fault() const { return fault_; }
    [[nodiscard]] long steps() const { return steps_; }

    // Goes `position` steps into the call, or to its end: false. Then, there, looks at the others or is interrupted.
    bool try_position(long position, way how) {
        begin_call();
        long done = 0;
        stop at = stop::stepped;
        while (done < position && at == stop::stepped && fault_.empty()) {
            at = go(PTRACE_SINGLESTEP, 0);
            ++done;
        }
        steps_ += done;
        const bool inside = at == stop::stepped && fault_.empty();
        if (inside && how == way::beside) look_at_others();
        if (at != stop::at_marker && fault_.empty()) end_call(how, inside);
        if (what_.after_jump != nullptr && fault_.empty()) look_after_jump();
        if (fault_.empty()) calm_down();
        return inside;
    }

  private:
    void wrong(const char* why) {
        if (fault_.empty()) fault_ = why;
    }

    // One ptrace request and the stop that follows; blocked: the thread sleeps in the kernel.
    stop go(__ptrace_request request, int with_signal) {
        if (::ptrace(request, thread_, nullptr, with_signal) != 0) return lost("the stepped thread is gone");
        return await_stop(request == PTRACE_SINGLESTEP);
    }
    stop await_stop(bool stepping) {
        int status = 0;
        const auto until = clock::now() + patience;
        for (unsigned looks = 0; ::waitpid(thread_, &status, __WALL | WNOHANG) == 0; ++looks) {
            watch_handler();
            if (what_.sleeps && looks % 64 == 63 && common::is_asleep(thread_, process_.process)) let_go();
            if (clock::now() > until) return lost(stepping ? "a step does not end" : "the stepped call does not end");
            ::sched_yield();
        }
        if (!WIFSTOPPED(status)) return lost("the process has ended");
        return WSTOPSIG(status) == marker ? stop::at_marker : stop::stepped;
    }
    stop lost(const char* why) {
        wrong(why);
        return stop::lost;
    }
    // A call that sleeps by contract is given what it waits for.
    void let_go() { (void)ask_healthy('w'); }

    void begin_call() {
        const char order = 's';
        if (::write(process_.to_stepped, &order, 1) != 1 || await_stop(false) != stop::at_marker)
            wrong("the call did not begin");
    }
    void end_call(way how, bool inside) {
        const bool interrupted = how == way::handler && inside;
        process_.shared->give_up = false;
        if (interrupted) await_waiter();
        stop at = go(PTRACE_CONT, how != way::beside && inside ? nested : 0);
        while (at == stop::stepped) at = go(PTRACE_CONT, 0);
        handler_runs_ = interrupted;
    }
    // The stepped thread looks for itself, and marks when it has.
    void look_after_jump() {
        stop at = go(PTRACE_CONT, 0);
        while (at == stop::stepped) at = go(PTRACE_CONT, 0);
        if (process_.shared->wrong_after_jump) wrong("after a jump out of the call something is wrong");
    }
    // A thread that a handler writes to has to answer.
    void watch_handler() {
        shared_state& all = *process_.shared;
        if (!all.handler_wrote || all.give_up || all.answers != answers_before_handler_) return;
        if (!common::is_asleep(all.waiting, process_.process) || all.answers != answers_before_handler_) return;
        wrong("a handler wrote, and the reader sleeps on");
        all.give_up = true;
    }

    // One that was sent at the call's last instruction runs after its end.
    void await_handler() {
        const auto until = clock::now() + patience;
        while (fault_.empty() &&
               (!process_.shared->handler_wrote || process_.shared->answers == answers_before_handler_)) {
            watch_handler();
            if (clock::now() > until) wrong("the handler does not end");
            ::sched_yield();
        }
        process_.shared->handler_wrote = false;
        handler_runs_ = false;
    }

    bool ask_healthy(char order) {
        char answer = 0;
        pollfd asked{process_.from_healthy, POLLIN, 0};
        constexpr int bound_ms = std::chrono::duration_cast<std::chrono::milliseconds>(patience).count();
        if (::write(process_.to_healthy, &order, 1) != 1 || ::poll(&asked, 1, bound_ms) != 1 ||
            ::read(process_.from_healthy, &answer, 1) != 1) {
            wrong("a call beside the stopped thread does not end");
            return false;
        }
        return answer == 'y';
    }
    // Until it sleeps: what was written before is read then.
    void await_waiter() {
        const auto until = clock::now() + patience;
        while (what_.waits != waiter::none && !common::is_asleep(process_.shared->waiting, process_.process)) {
            if (clock::now() > until) return wrong("the waiter does not come to rest");
            ::sched_yield();
        }
        answers_before_handler_ = process_.shared->answers;
    }
    void look_at_others() {
        await_waiter();
        const long before = process_.shared->answers;
        if (!ask_healthy('p')) return wrong("a call beside the stopped thread found something wrong");
        while (what_.waits != waiter::none && process_.shared->answers == before && fault_.empty()) {
            if (common::is_asleep(process_.shared->waiting, process_.process) && process_.shared->answers == before)
                wrong("a write beside the stopped thread has returned, and the waiter sleeps on");
            ::sched_yield();
        }
    }
    void calm_down() {
        // The stepped thread is at the call's end, where its signal is dropped.
        if (::ptrace(PTRACE_CONT, thread_, nullptr, 0) != 0) return wrong("the stepped thread is gone");
        if (handler_runs_) await_handler();
        await_waiter();
        if (!ask_healthy('c')) wrong("at rest something is wrong");
        await_waiter();
    }

    const scene& what_;
    stepped_process process_;
    pid_t thread_;
    std::string fault_;
    long steps_ = 0;
    long answers_before_handler_ = 0;
    bool handler_runs_ = false;
};

struct figures {
    long positions = 0;
    long steps = 0;
    int faults = 0;
    int scenes = 0;
};

long length_of(const scene& what) {
    tracer one(what);
    constexpr long endless = 1'000'000;
    (void)one.try_position(endless, way::beside);
    return one.fault().empty() ? one.steps() : 0;
}

void run(const scene& what, way how, const options& asked, figures& total) {
    const long length = length_of(what);
    const long bound = how == way::jump ? 4 * most_steps : most_steps; // nobody is asked beside it
    const long stride = asked.all ? 1 : std::max(1L, length * length / 2 / bound);
    tracer it(what);
    long positions = 0;
    long at = 1;
    while (it.fault().empty() && it.try_position(at, how)) {
        ++positions;
        at += stride;
    }
    const bool right = it.fault().empty() && positions > 0;
    std::printf("%-18s %-8s %6ld instructions, %5ld positions, %s\n", what.name, name_of(how), length, positions,
                right ? "right" : ("FAULT at " + std::to_string(at) + ": " + it.fault()).c_str());
    std::fflush(stdout);
    total.positions += positions;
    total.steps += it.steps();
    total.faults += right ? 0 : 1;
    ++total.scenes;
}

void run_each_way(const scene& what, const options& asked, figures& total) {
    if (!asked.only.empty() && asked.only != what.name) return;
    if (what.after_jump != nullptr) return run(what, way::jump, asked, total);
    run(what, way::beside, asked, total);
    if (what.by_handler) run(what, way::handler, asked, total);
}

options read_options(int count, char** words) {
    options asked;
    for (int i = 1; i < count; ++i) {
        const std::string word = words[i];
        if (word == "--all")
            asked.all = true;
        else if (word == "--must-fail")
            asked.must_fail = true;
        else if (word == "--only" && i + 1 < count)
            asked.only = words[++i];
        else
            std::exit((std::printf("stepper: what is '%s'?\n", words[i]), 2));
    }
    return asked;
}

} // namespace
} // namespace efd::stepper

int main(int count, char** words) {
    using namespace efd::stepper;
    const options asked = read_options(count, words);
    figures total;
    for (const scene& what : scenes) run_each_way(what, asked, total);
    for (const scene& what : fork_scenes) run_each_way(what, asked, total);
    std::printf("PROOF | stepper | %d calls, stopped at %ld of their instructions, %ld steps | - | %d\n", total.scenes,
                total.positions, total.steps, total.faults);
    if (asked.must_fail) return total.scenes > 0 && total.faults > 0 ? 0 : 1;
    return total.scenes > 0 && total.faults == 0 ? 0 : 1;
}
