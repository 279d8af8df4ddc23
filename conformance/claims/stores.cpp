// SPDX-License-Identifier: MIT
// conformance/claims/stores.cpp: section B of docs/semantics.md, what a read stores, one instruction at a time.
//
// Owns K-161. A child process reads. This process traces it, single-steps it through the call, and compares the page of
// the buffer after each instruction; the kernel's read is one step. The page is shared, so comparing is cheap, and lies
// between two unmapped pages. If ptrace is refused, none of this is provoked.
#include "conformance/framework/claim.hpp"
#include "conformance/framework/sleeper.hpp"
#include "conformance/framework/task.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <csignal>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace efd::claims {
namespace {

// What another thread of the child does while the read sleeps.
enum class meanwhile : unsigned char { nothing, a_write, a_signal };

struct scene {
    std::string_view what;
    int flags;
    std::uint64_t count;
    meanwhile other;
    int error;
    std::uint64_t value; // the value stored
};

constexpr scene scenes[] = {
    {"a read", 0, 0x0102030405060708U, meanwhile::nothing, 0, 0x0102030405060708U},
    {"a semaphore read", EFD_SEMAPHORE, 0x0102030405060708U, meanwhile::nothing, 0, 1},
    {"a small semaphore read", EFD_SEMAPHORE, 3, meanwhile::nothing, 0, 1},
    {"a read that slept", 0, 0, meanwhile::a_write, 0, 7},
    {"a read at count 0", EFD_NONBLOCK, 0, meanwhile::nothing, EAGAIN, 0},
    {"a read that was interrupted", 0, 0, meanwhile::a_signal, EINTR, 0},
};

// What one instruction of the machine stores: a value, or half of it.
using word = unsigned long;
constexpr std::size_t words_of_value = sizeof(std::uint64_t) / sizeof(word);
constexpr auto untouched = static_cast<word>(0xa5a5a5a5a5a5a5a5U);
constexpr auto marked = static_cast<word>(0x5a5a5a5a5a5a5a5aU);
constexpr int no_ptrace = 70;
constexpr int no_object = 71;

// The page of the buffer between two unmapped pages, and after them a page for the outcome; all shared.
class shared_pages {
  public:
    explicit shared_pages(trial& t) : size_(static_cast<std::size_t>(::sysconf(_SC_PAGESIZE))) {
        void* const all = ::mmap(nullptr, 4 * size_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (all == MAP_FAILED) t.not_here("no memory to share with a child");
        auto* const bytes = static_cast<unsigned char*>(all);
        ::mprotect(bytes, size_, PROT_NONE);
        ::mprotect(bytes + 2 * size_, size_, PROT_NONE);
        words_ = reinterpret_cast<word*>(bytes + size_);
        error_ = reinterpret_cast<int*>(bytes + 3 * size_);
    }
    [[nodiscard]] std::size_t number_of_words() const { return size_ / sizeof(word); }
    [[nodiscard]] word* words() const { return words_; }
    [[nodiscard]] int& error() const { return *error_; }

  private:
    std::size_t size_;
    word* words_ = nullptr;
    int* error_ = nullptr;
};

void on_signal(int) {}

// In the child: prepares the read, stops, reads into `place`, stops again.
[[noreturn]] void play(backend& on, const scene& now, std::uint64_t& place, int& error) {
    struct sigaction action{};
    action.sa_handler = on_signal;
    ::sigaction(SIGUSR1, &action, nullptr);
    int why = 0;
    const auto o = on.make(0, now.flags, why);
    if (o == nullptr || (now.count > 0 && o->write(now.count) != 0)) ::_exit(no_object);
    const pid_t reader = this_tid();
    std::thread other;
    if (now.other != meanwhile::nothing)
        other = std::thread([&] {
            wait_until([&] { return o->has_sleeper(reader); });
            if (now.other == meanwhile::a_write)
                o->write(now.value);
            else
                ::syscall(SYS_tgkill, ::getpid(), reader, SIGUSR1);
        });
    if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) ::_exit(no_ptrace);
    ::raise(SIGSTOP);
    on.keep_calls_here(true);
    error = o->read(place);
    ::raise(SIGSTOP);
    ::_exit(0);
}

// The traced child: runs to its next stop or by one instruction, and is killed at the end.
class stepped {
  public:
    explicit stepped(pid_t child) : child_(child) {}
    ~stepped() {
        ::kill(child_, SIGKILL);
        ::waitpid(child_, nullptr, 0);
    }
    stepped& operator=(stepped&&) = delete; // neither copied nor moved

    // The signal with which it stopped; ends the trial if it did not stop.
    int next_stop(trial& t) {
        int status = 0;
        while (::waitpid(child_, &status, __WALL) < 0 && errno == EINTR) {
        }
        if (WIFSTOPPED(status)) return WSTOPSIG(status);
        if (WIFEXITED(status) && WEXITSTATUS(status) == no_ptrace) t.not_here("ptrace is refused");
        t.abandon("the reading process ended");
    }
    // Runs one instruction, and delivers this signal if it is one.
    void step(trial& t, int signal_number) {
        if (::ptrace(PTRACE_SINGLESTEP, child_, nullptr, static_cast<long>(signal_number)) != 0)
            t.not_here("this machine steps no process");
    }

  private:
    pid_t child_;
};

// What has been stored so far.
class watched_page {
  public:
    watched_page(const shared_pages& pages, std::size_t at) : pages_(pages), at_(at) {
        std::fill_n(pages.words(), pages.number_of_words(), untouched);
        expected_.fill(untouched);
    }

    // After each instruction. A stored value is replaced, so that a second store of the same value is seen too.
    void look() {
        word* const place = pages_.words() + at_;
        for (std::size_t i = 0; i < words_of_value; ++i) {
            if (place[i] == expected_[i]) continue;
            ++stores_[i];
            value_[i] = place[i];
            place[i] = expected_[i] = marked;
        }
        const word* const behind = pages_.words() + pages_.number_of_words();
        const auto is_untouched = [](word one) { return one == untouched; };
        const word* const from = pages_.words();
        beside_ = beside_ || !std::all_of(from, from + at_, is_untouched) ||
                  !std::all_of(from + at_ + words_of_value, behind, is_untouched);
    }

    void expect(trial& t, const scene& claimed) const {
        const std::string what(claimed.what);
        for (const int stores : stores_) t.expect_equal(stores, claimed.error == 0 ? 1 : 0, "stores of " + what);
        if (claimed.error == 0)
            t.expect_equal(std::bit_cast<std::uint64_t>(value_), claimed.value, "value that was stored by " + what);
        t.expect(!beside_, what + " stores beside its place");
    }

  private:
    const shared_pages& pages_;
    std::size_t at_;
    std::array<word, words_of_value> expected_{};
    std::array<word, words_of_value> value_{};
    std::array<int, words_of_value> stores_{};
    bool beside_ = false;
};

void step_through(trial& t, const scene& now, const shared_pages& pages, std::size_t at) {
    watched_page page(pages, at);
    const pid_t child = ::fork();
    if (child == 0) play(t.on(), now, *reinterpret_cast<std::uint64_t*>(pages.words() + at), pages.error());
    if (child < 0) t.not_here("no process to be stepped");
    stepped reader(child);
    reader.next_stop(t);
    int stop = SIGTRAP;
    do {
        reader.step(t, stop == SIGTRAP ? 0 : stop);
        stop = reader.next_stop(t);
        page.look();
    } while (stop != SIGSTOP);
    page.expect(t, now);
    t.expect_error(pages.error(), now.error, now.what);
}

} // namespace

CLAIM(K_161, object, "a read stores its 8 bytes once, and nothing else; one that fails stores nothing") {
    const shared_pages pages(t);
    const std::size_t last = pages.number_of_words() - words_of_value;
    for (const std::size_t at : {std::size_t{0}, last / 2}) step_through(t, scenes[0], pages, at);
    for (const scene& one : scenes) step_through(t, one, pages, last);
}

} // namespace efd::claims
