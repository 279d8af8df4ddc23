// SPDX-License-Identifier: MIT
// verify/fuzz/threaded_subject.cpp: see threaded_subject.hpp.
#include "fuzz/threaded_subject.hpp"

#include "support/waiting.hpp"

#include <algorithm>
#include <csignal>
#include <sys/syscall.h>
#include <unistd.h>

namespace efd::fuzz {
namespace {

std::atomic<std::uint64_t> handled{0};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

void count_it(int /*signal*/) { handled.fetch_add(1); }

void install_handlers() {
    struct sigaction action{};
    action.sa_handler = count_it;
    ::sigaction(SIGUSR1, &action, nullptr);
    action.sa_flags = SA_RESTART;
    ::sigaction(SIGUSR2, &action, nullptr);
}

bool is_asleep_in_call(pid_t tid) {
    const common::task_state found = common::look_at_task(tid);
    return found.asleep &&
           (!found.call_known || found.call == common::futex_call || found.call == common::futex_waitv_call ||
            found.call == SYS_read || found.call == SYS_write);
}

} // namespace

lane::lane(subject& on) : on_(on), thread_([this] { work(); }) {
    while (tid_.load() == 0) std::this_thread::yield();
}

lane::~lane() {
    {
        const std::lock_guard lock(mutex_);
        phase_.store(phase::leave);
    }
    asked_.notify_one();
    thread_.join();
}

void lane::work() {
    tid_.store(tests::this_tid());
    for (;;) {
        {
            std::unique_lock lock(mutex_);
            asked_.wait(lock, [this] { return phase_ == phase::asked || phase_ == phase::leave; });
            if (phase_ == phase::leave) return;
        }
        phase_.store(phase::inside);
        if (what_.is_read) {
            const answer got = on_.read(0, how_);
            what_.error = got.error;
            what_.value = got.value;
        } else {
            what_.error = on_.write(0, what_.amount, how_);
        }
        phase_.store(phase::over);
    }
}

void lane::begin(const call& what, manner how) {
    what_ = what;
    how_ = how;
    taken_ = true;
    {
        const std::lock_guard lock(mutex_);
        phase_.store(phase::asked);
    }
    asked_.notify_one();
}

call lane::so_far() const {
    if (phase_.load() == phase::over) {
        call done = what_;
        done.over = true;
        return done;
    }
    return {what_.is_read, what_.amount, false, 0, 0};
}

call lane::collect() {
    const call one = so_far();
    if (one.over) taken_ = false;
    return one;
}

lane::sight lane::look() const {
    sight found;
    const phase before = phase_.load();
    found.over = before == phase::over;
    found.at_rest = found.over || before == phase::idle;
    if (before != phase::inside) return found;
    found.switches = common::voluntary_switches(tid_.load());
    found.at_rest = is_asleep_in_call(tid_.load()) && phase_.load() == phase::inside;
    return found;
}

void lane::send(int signal_number) const { ::syscall(SYS_tgkill, ::getpid(), tid_.load(), signal_number); }

threaded_subject::threaded_subject(std::unique_ptr<subject> of) : of_(std::move(of)) {
    install_handlers();
    for (auto& one : lanes_) one = std::make_unique<lane>(*of_);
}

void threaded_subject::begin(const call& what, manner how) {
    const auto free = std::find_if(lanes_.begin(), lanes_.end(), [](const auto& one) { return !one->busy(); });
    (*free)->begin(what, how);
}

std::size_t threaded_subject::busy() const {
    return static_cast<std::size_t>(
        std::count_if(lanes_.begin(), lanes_.end(), [](const auto& one) { return one->busy(); }));
}

bool threaded_subject::rest() const {
    std::array<lane::sight, most_lanes> last{};
    return tests::eventually([&] {
        std::array<lane::sight, most_lanes> now{};
        bool all = true;
        for (std::size_t i = 0; i < most_lanes && all; ++i) {
            if (!lanes_.at(i)->busy()) {
                now.at(i).at_rest = true;
                continue;
            }
            now.at(i) = lanes_.at(i)->look();
            all = now.at(i).at_rest;
        }
        const bool settled = all && now == last;
        last = now;
        return settled;
    });
}

std::vector<call> threaded_subject::calls() const {
    std::vector<call> all;
    for (const auto& one : lanes_)
        if (one->busy()) all.push_back(one->so_far());
    std::sort(all.begin(), all.end());
    return all;
}

void threaded_subject::forget_finished() {
    for (const auto& one : lanes_)
        if (one->busy()) one->collect();
}

void threaded_subject::send_home() const {
    for (const auto& one : lanes_)
        if (one->busy()) one->send(SIGUSR1);
}

bool threaded_subject::interrupt(std::size_t sleeper, bool restart) {
    std::vector<std::pair<call, lane*>> sorted;
    for (const auto& one : lanes_)
        if (one->busy()) sorted.emplace_back(one->so_far(), one.get());
    std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    const std::uint64_t before = handled.load();
    sorted.at(sleeper).second->send(restart ? SIGUSR2 : SIGUSR1);
    return tests::eventually([&] { return handled.load() != before; });
}

} // namespace efd::fuzz
