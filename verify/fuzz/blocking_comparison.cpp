// SPDX-License-Identifier: MIT
// verify/fuzz/blocking_comparison.cpp: see blocking_comparison.hpp.
#include "fuzz/blocking_comparison.hpp"

#include "support/sanitizer.hpp"

#include <efd/detail/core/context.hpp>

#include <algorithm>
#include <cerrno>

namespace efd::fuzz {
namespace {

constexpr std::size_t longest_group = 3;

bool begins(const blocking_step& one) {
    return one.what == step_kind::begin_read || one.what == step_kind::begin_write;
}
bool signals(const blocking_step& one) {
    return one.what == step_kind::signal || one.what == step_kind::signal_deferred;
}
bool stands_alone(const blocking_step& one) {
    return one.what == step_kind::interrupt || one.what == step_kind::restart || one.what == step_kind::nonblock_on ||
           one.what == step_kind::nonblock_off;
}

} // namespace

blocking_comparison::blocking_comparison(subjects of) {
    for (auto& one : of) subjects_.push_back(std::make_unique<threaded_subject>(std::move(one)));
}

std::optional<std::string> blocking_comparison::run(byte_view program) {
    const blocking_program of = decode_blocking_program(program);
    story_.clear();
    difference_.clear();
    parted_ = false;
    ++tally_.programs;
    bool alike = create(of);
    for (std::size_t at = 0; alike && !parted_ && at < of.steps.size();) {
        const group steps = next_group(of.steps, at);
        if (!steps.empty()) alike = perform(steps);
    }
    if (alike) alike = release();
    if (alike) {
        for (const auto& one : subjects_) one->on().close(0);
        return std::nullopt;
    }
    return story_ + difference_ + "bytes " + hex_of(program) + "\n";
}

bool blocking_comparison::create(const blocking_program& of) {
    now_ = {of.initval, (of.flags & core::flag_semaphore) != 0, (of.flags & core::flag_nonblock) != 0, {}};
    story_ = "  create(initval " + number_in_words(of.initval) + ", flags " + flags_in_words(of.flags) + ")\n";
    for (const auto& one : subjects_)
        if (one->on().create(0, of.initval, of.flags) != 0)
            return differs(std::string(one->name()) + ": not created\n");
    return true;
}

// The kernel's attempt to write turns O_NONBLOCK on for a moment, which a call that just begins must not see. Handlers
// run late under ThreadSanitizer, outside the call. A call that SA_RESTART starts anew looks at O_NONBLOCK again in the
// kernel, and sleeps on in the library: left out.
bool blocking_comparison::allowed(const blocking_step& one, const group& so_far, std::size_t free_lanes) const {
    if (begins(one)) return free_lanes > 0;
    if (one.what == step_kind::interrupt) return !now_.asleep.empty() && !tests::under_tsan;
    if (one.what == step_kind::restart) return !now_.asleep.empty() && !tests::under_tsan && !now_.nonblock;
    if (one.what == step_kind::write) return std::none_of(so_far.begin(), so_far.end(), begins);
    if (signals(one)) return subjects_.front()->on().signals_at_the_bound();
    return true;
}

blocking_comparison::group blocking_comparison::next_group(const std::vector<blocking_step>& steps,
                                                           std::size_t& at) const {
    group made;
    std::size_t free_lanes = threaded_subject::most_lanes - now_.asleep.size();
    while (at < steps.size() && made.size() < longest_group) {
        blocking_step one = steps[at];
        if (stands_alone(one) && !made.empty()) break;
        ++at;
        if (!allowed(one, made, free_lanes)) continue;
        one.by = amount{amount::from::zero, one.by.at(now_.count)};
        if (begins(one)) --free_lanes;
        made.push_back(one);
        if (stands_alone(one) || !one.together) break;
    }
    return made;
}

bool blocking_comparison::perform(const group& steps) {
    for (const blocking_step& one : steps)
        story_ += "  " + in_words(one) + (&one != &steps.back() ? ", together with\n" : "");
    if (steps.front().what == step_kind::interrupt || steps.front().what == step_kind::restart)
        return interrupt(steps.front());
    if (stands_alone(steps.front())) return toggle(steps.front());
    std::vector<std::vector<call>> own;
    for (const auto& one : subjects_) own.push_back(act(*one, steps));
    return agree(endings_of(now_, steps), own);
}

bool blocking_comparison::toggle(const blocking_step& one) {
    const bool on = one.what == step_kind::nonblock_on;
    for (const auto& each : subjects_) {
        each->on().set_nonblock(0, on);
        if (each->on().nonblock(0) != on) return differs(std::string(each->name()) + ": O_NONBLOCK is not as set\n");
    }
    now_.nonblock = on;
    return agree(endings_of(now_, {}), std::vector<std::vector<call>>(subjects_.size()));
}

bool blocking_comparison::interrupt(const blocking_step& one) {
    const std::size_t sleeper = one.which % now_.asleep.size();
    const bool restart = one.what == step_kind::restart;
    for (const auto& each : subjects_)
        if (!each->interrupt(sleeper, restart)) return differs(std::string(each->name()) + ": no handler ran\n");
    return agree(restart ? endings_of(now_, {}) : endings_of_interrupt(now_, sleeper),
                 std::vector<std::vector<call>>(subjects_.size()));
}

std::vector<call> blocking_comparison::act(threaded_subject& on, const group& steps) const {
    std::vector<call> own;
    for (const blocking_step& one : steps) {
        call what{one.what == step_kind::begin_read || one.what == step_kind::read, one.by.offset, false, 0, 0};
        const bool patient = one.patient && !now_.nonblock;
        if (begins(one)) {
            on.begin(what, patient ? manner::patient : manner::as_flagged);
        } else if (signals(one)) {
            on.on().signal(0, one.what == step_kind::signal_deferred);
        } else {
            const answer got =
                what.is_read ? on.on().read(0, manner::never) : answer{on.on().write(0, what.amount, manner::never), 0};
            own.push_back({what.is_read, what.amount, true, got.error, got.value});
        }
    }
    return own;
}

// Where a sanitizer's own locks may make a thread look asleep in a call, a wrong ending must last.
std::optional<ending> blocking_comparison::ending_of(threaded_subject& on, const std::vector<call>& own,
                                                     const std::set<ending>& allowed) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(tests::under_sanitizer ? 3 : 0);
    for (;;) {
        if (!on.rest()) {
            differs(std::string(on.name()) + ": does not come to rest\n");
            return std::nullopt;
        }
        ending found{on.on().count(0), own, on.calls()};
        const bool right = allowed.contains(found);
        if (right || std::chrono::steady_clock::now() > until) return found;
        std::this_thread::yield();
    }
}

bool blocking_comparison::agree(const std::set<ending>& allowed, const std::vector<std::vector<call>>& own) {
    std::vector<ending> endings;
    ++tally_.groups;
    tally_.sole += allowed.size() == 1 ? 1U : 0U;
    std::string wrong;
    for (std::size_t i = 0; i < subjects_.size(); ++i) {
        threaded_subject& one = *subjects_[i];
        const auto end = ending_of(one, own[i], allowed);
        if (!end) return false;
        endings.push_back(*end);
        const unsigned mask = one.on().poll(0);
        if (!allowed.contains(*end)) wrong += std::string(one.name()) + ": " + in_words(*end) + "\n";
        if (mask != core::poll_mask(end->count))
            wrong += std::string(one.name()) + ": poll " + std::to_string(mask) + "\n";
    }
    story_ += ": " + in_words(endings.front()) + "\n";
    if (!wrong.empty()) {
        for (const ending& end : allowed) wrong += "  allowed: " + in_words(end) + "\n";
        return differs(wrong);
    }
    parted_ = std::any_of(endings.begin(), endings.end(), [&](const ending& end) { return end != endings.front(); });
    tally_.parted += parted_ ? 1U : 0U;
    now_.count = endings.front().count;
    now_.asleep.clear();
    for (const call& one : endings.front().calls)
        if (!one.over) now_.asleep.push_back(one);
    tally_.sleeps += now_.asleep.size();
    for (const auto& one : subjects_) one->forget_finished();
    return true;
}

bool blocking_comparison::differs(const std::string& what) {
    difference_ = "DIFFERENCE\n" + what;
    return false;
}

// Every call that still sleeps is interrupted; nothing else ends every call, least of all on a semaphore.
bool blocking_comparison::release() {
    for (const auto& one : subjects_) {
        for (int round = 0; one->busy() > 0; ++round) {
            if (round > 8)
                return differs(std::string(one->name()) + ": cannot be released: " + in_words(one->calls().front()) +
                               "\n");
            one->send_home();
            if (!one->rest()) return differs(std::string(one->name()) + ": does not come to rest at the end\n");
            one->forget_finished();
        }
    }
    return true;
}

} // namespace efd::fuzz
