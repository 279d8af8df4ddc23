// cli/relay.cpp: see relay.hpp.
//
// A signal does not say whether it was sent to a process or to a group. The witness says it: a second child in the same
// group that blocks every signal and otherwise only answers. The kernel sends a signal to the youngest member of a
// group first, and the witness is younger than this process; so a signal of the group that has arrived here is pending
// there already.
#include "cli/relay.hpp"

#include "cli/failure.hpp"

#include <array>
#include <csignal>
#include <fmt/format.h>
#include <fstream>
#include <string>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace efd::cli {
namespace {

sigset_t every_signal() {
    sigset_t all;
    ::sigfillset(&all);
    return all;
}

// Takes a pending signal of this process.
bool take_pending(int signal) {
    sigset_t one;
    ::sigemptyset(&one);
    ::sigaddset(&one, signal);
    const timespec at_once{0, 0};
    return ::sigtimedwait(&one, nullptr, &at_once) == signal;
}

class group_witness {
  public:
    // Every signal is blocked already.
    group_witness() {
        std::array<int, 2> ends{};
        if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0)
            broken("no socket to the witness");
        const pid_t parent = ::getpid();
        pid_ = ::fork();
        if (pid_ < 0) broken("no process for the witness");
        if (pid_ == 0) answer(ends[1], parent);
        ::close(ends[1]);
        channel_ = ends[0];
    }
    ~group_witness() {
        ::close(channel_);
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    group_witness(const group_witness&) = delete;
    group_witness& operator=(const group_witness&) = delete;

    // The group has got this signal; the witness has it no more.
    [[nodiscard]] bool takes(int signal) const { return ask(signal) == 1; }

    // Stops this process until SIGCONT. The SIGCONT that the group gets meanwhile would be lost if this process stopped
    // itself after it: a stop discards a pending SIGCONT. The witness keeps it, and sends it once more.
    void stop_parent() const { (void)ask(stop); }

  private:
    static constexpr int stop = 0; // no signal has this number

    [[nodiscard]] int ask(int question) const {
        int answered = 0;
        if (::send(channel_, &question, sizeof question, MSG_NOSIGNAL) != sizeof question) return 0;
        return ::read(channel_, &answered, sizeof answered) == sizeof answered ? answered : 0;
    }

    [[noreturn]] static void answer(int channel, pid_t parent) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        int question = 0;
        while (::getppid() == parent && ::read(channel, &question, sizeof question) == sizeof question) {
            if (question == stop) ::kill(parent, SIGSTOP);
            const bool has_it = take_pending(question == stop ? SIGCONT : question);
            if (question == stop && has_it) ::kill(parent, SIGCONT);
            const int answered = has_it ? 1 : 0;
            if (::send(channel, &answered, sizeof answered, MSG_NOSIGNAL) != sizeof answered) break;
        }
        ::_exit(0);
    }

    pid_t pid_ = -1;
    int channel_ = -1;
};

// 0: gone, or not to be seen.
pid_t parent_of(pid_t pid) {
    std::ifstream file(fmt::format("/proc/{}/stat", pid));
    std::string text;
    std::getline(file, text, '\0');
    const std::size_t name_end = text.rfind(") "); // the name may contain anything; "S 123" follows
    if (name_end == std::string::npos || text.size() < name_end + 5) return 0;
    return static_cast<pid_t>(std::strtol(text.c_str() + name_end + 4, nullptr, 10));
}

bool descends_from(pid_t pid, pid_t ancestor) {
    constexpr int most_generations = 1000;
    for (int i = 0; i < most_generations && pid > 1; ++i, pid = parent_of(pid))
        if (pid == ancestor) return true;
    return false;
}

class relay {
  public:
    relay(pid_t child, pid_t starter, const group_witness& witness)
        : child_(child), starter_(starter), witness_(witness) {}

    // Until the child has ended: its wait status.
    int await() {
        const sigset_t all = every_signal();
        for (;;) {
            siginfo_t got{};
            const int signal = ::sigwaitinfo(&all, &got);
            if (signal == SIGCHLD) {
                if (has_ended()) return status_;
            } else if (signal > 0) {
                pass_on(signal, got);
            }
        }
    }

  private:
    void pass_on(int signal, const siginfo_t& got) const {
        if (witness_.takes(signal)) return;
        const bool has_sender = got.si_code == SI_USER || got.si_code == SI_QUEUE || got.si_code == SI_TKILL;
        pid_t to = child_;
        if (has_sender && descends_from(got.si_pid, child_)) to = starter_;
        if (to == starter_ && ::getppid() != starter_) return; // the starter has ended
        if (got.si_code == SI_QUEUE)
            ::sigqueue(to, signal, got.si_value);
        else
            ::kill(to, signal);
    }

    // One SIGCHLD may stand for several changes.
    bool has_ended() {
        siginfo_t seen{};
        while (::waitid(P_PID, static_cast<id_t>(child_), &seen, WEXITED | WSTOPPED | WNOHANG | WNOWAIT) == 0 &&
               seen.si_pid == child_) {
            if (seen.si_code != CLD_STOPPED) return ::waitpid(child_, &status_, 0) == child_;
            stop_too();
            seen = {};
        }
        return false;
    }

    // A SIGCONT that the group got before this is forgotten, as waitid then finds that the child goes on.
    void stop_too() const {
        (void)witness_.takes(SIGCONT);
        siginfo_t still{};
        if (::waitid(P_PID, static_cast<id_t>(child_), &still, WSTOPPED | WNOHANG) == 0 && still.si_pid == child_)
            witness_.stop_parent();
    }

    pid_t child_;
    pid_t starter_;
    const group_witness& witness_;
    int status_ = 0;
};

} // namespace

int run_relayed(const std::function<void()>& program) {
    const sigset_t all = every_signal();
    sigset_t mask_before;
    ::sigprocmask(SIG_BLOCK, &all, &mask_before);
    struct sigaction usual{}; // a process that ignores SIGCHLD does not learn how its children end
    struct sigaction action_before{};
    usual.sa_handler = SIG_DFL;
    ::sigaction(SIGCHLD, &usual, &action_before);
    int status = 0;
    {
        const group_witness witness;
        const pid_t starter = ::getppid();
        const pid_t child = ::fork();
        if (child < 0) broken("no process for the program");
        if (child == 0) {
            ::sigaction(SIGCHLD, &action_before, nullptr);
            ::sigprocmask(SIG_SETMASK, &mask_before, nullptr);
            program();
            ::_exit(broke_down);
        }
        status = relay(child, starter, witness).await();
    }
    const timespec at_once{0, 0};
    while (::sigtimedwait(&all, nullptr, &at_once) > 0) continue; // the program had them, or is gone
    ::sigaction(SIGCHLD, &action_before, nullptr);
    ::sigprocmask(SIG_SETMASK, &mask_before, nullptr);
    return status;
}

} // namespace efd::cli
