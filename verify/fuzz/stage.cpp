// SPDX-License-Identifier: MIT
// verify/fuzz/stage.cpp: see stage.hpp.
#include "fuzz/stage.hpp"

#include "support/sanitizer.hpp"

#include <efd/detail/core/context.hpp>

#include <algorithm>
#include <cerrno>

namespace efd::fuzz {
namespace {

constexpr std::size_t longest_group = 3;

bool begins(const play_move& one) { return one.what == deed::begin_read || one.what == deed::begin_write; }
bool signals(const play_move& one) { return one.what == deed::signal || one.what == deed::signal_deferred; }
bool stands_alone(const play_move& one) {
    return one.what == deed::interrupt || one.what == deed::restart || one.what == deed::nonblock_on ||
           one.what == deed::nonblock_off;
}

} // namespace

stage::stage(std::vector<std::unique_ptr<subject>> of) {
    for (auto& one : of) crews_.push_back(std::make_unique<crew>(std::move(one)));
}

std::optional<std::string> stage::run(byte_view program) {
    const play of = decode_play(program);
    story_.clear();
    difference_.clear();
    parted_ = false;
    ++tally_.plays;
    bool alike = create(of);
    for (std::size_t at = 0; alike && !parted_ && at < of.moves.size();) {
        const group moves = next_group(of.moves, at);
        if (!moves.empty()) alike = perform(moves);
    }
    if (alike) alike = release();
    if (alike) {
        for (const auto& one : crews_) one->on().close(0);
        return std::nullopt;
    }
    return story_ + difference_ + "bytes " + hex_of(program) + "\n";
}

bool stage::create(const play& of) {
    now_ = {of.initval, (of.flags & core::flag_semaphore) != 0, (of.flags & core::flag_nonblock) != 0, {}};
    story_ = "  create(initval " + number_in_words(of.initval) + ", flags " + flags_in_words(of.flags) + ")\n";
    for (const auto& one : crews_)
        if (one->on().create(0, of.initval, of.flags) != 0)
            return differs(std::string(one->name()) + ": not created\n");
    return true;
}

// The kernel's attempt to write turns O_NONBLOCK on for a moment, which a call that just begins must not see. Handlers
// run late under ThreadSanitizer, outside the call. A call that SA_RESTART starts anew looks at O_NONBLOCK again in the
// kernel, and sleeps on in the library: left out.
bool stage::allowed(const play_move& one, const group& so_far, std::size_t free_lanes) const {
    if (begins(one)) return free_lanes > 0;
    if (one.what == deed::interrupt) return !now_.asleep.empty() && !tests::under_tsan;
    if (one.what == deed::restart) return !now_.asleep.empty() && !tests::under_tsan && !now_.nonblock;
    if (one.what == deed::write) return std::none_of(so_far.begin(), so_far.end(), begins);
    if (signals(one)) return crews_.front()->on().signals_at_the_bound();
    return true;
}

stage::group stage::next_group(const std::vector<play_move>& moves, std::size_t& at) const {
    group made;
    std::size_t free_lanes = crew::most_lanes - now_.asleep.size();
    while (at < moves.size() && made.size() < longest_group) {
        play_move one = moves[at];
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

bool stage::perform(const group& moves) {
    for (const play_move& one : moves)
        story_ += "  " + in_words(one) + (&one != &moves.back() ? ", together with\n" : "");
    if (moves.front().what == deed::interrupt || moves.front().what == deed::restart) return interrupt(moves.front());
    if (stands_alone(moves.front())) return toggle(moves.front());
    std::vector<std::vector<call>> own;
    for (const auto& one : crews_) own.push_back(act(*one, moves));
    return agree(endings_of(now_, moves), own);
}

bool stage::toggle(const play_move& one) {
    const bool on = one.what == deed::nonblock_on;
    for (const auto& each : crews_) {
        each->on().set_nonblock(0, on);
        if (each->on().nonblock(0) != on) return differs(std::string(each->name()) + ": O_NONBLOCK is not as set\n");
    }
    now_.nonblock = on;
    return agree(endings_of(now_, {}), std::vector<std::vector<call>>(crews_.size()));
}

bool stage::interrupt(const play_move& one) {
    const std::size_t sleeper = one.which % now_.asleep.size();
    const bool restart = one.what == deed::restart;
    for (const auto& each : crews_)
        if (!each->interrupt(sleeper, restart)) return differs(std::string(each->name()) + ": no handler ran\n");
    return agree(restart ? endings_of(now_, {}) : endings_of_interrupt(now_, sleeper),
                 std::vector<std::vector<call>>(crews_.size()));
}

std::vector<call> stage::act(crew& on, const group& moves) const {
    std::vector<call> own;
    for (const play_move& one : moves) {
        call what{one.what == deed::begin_read || one.what == deed::read, one.by.offset, false, 0, 0};
        const bool patient = one.patient && !now_.nonblock;
        if (begins(one)) {
            on.begin(what, patient ? manner::patient : manner::as_flagged);
        } else if (signals(one)) {
            on.on().signal(0, one.what == deed::signal_deferred);
        } else {
            const answer got =
                what.is_read ? on.on().read(0, manner::never) : answer{on.on().write(0, what.amount, manner::never), 0};
            own.push_back({what.is_read, what.amount, true, got.error, got.value});
        }
    }
    return own;
}

// Where a sanitizer's own locks may make a thread look asleep in a call, a wrong ending must last.
std::optional<ending> stage::seen_of(crew& on, const std::vector<call>& own, const std::set<ending>& allowed) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(tests::under_sanitizer ? 3 : 0);
    for (;;) {
        if (!on.rest()) {
            differs(std::string(on.name()) + ": does not come to rest\n");
            return std::nullopt;
        }
        ending seen{on.on().count(0), own, on.calls()};
        const bool right = allowed.contains(seen);
        if (right || std::chrono::steady_clock::now() > until) return seen;
        std::this_thread::yield();
    }
}

bool stage::agree(const std::set<ending>& allowed, const std::vector<std::vector<call>>& own) {
    std::vector<ending> seen;
    ++tally_.groups;
    tally_.sole += allowed.size() == 1 ? 1U : 0U;
    std::string wrong;
    for (std::size_t i = 0; i < crews_.size(); ++i) {
        crew& one = *crews_[i];
        const auto end = seen_of(one, own[i], allowed);
        if (!end) return false;
        seen.push_back(*end);
        const unsigned mask = one.on().poll(0);
        if (!allowed.contains(*end)) wrong += std::string(one.name()) + ": " + in_words(*end) + "\n";
        if (mask != core::poll_mask(end->count))
            wrong += std::string(one.name()) + ": poll " + std::to_string(mask) + "\n";
    }
    story_ += ": " + in_words(seen.front()) + "\n";
    if (!wrong.empty()) {
        for (const ending& end : allowed) wrong += "  allowed: " + in_words(end) + "\n";
        return differs(wrong);
    }
    parted_ = std::any_of(seen.begin(), seen.end(), [&](const ending& end) { return end != seen.front(); });
    tally_.parted += parted_ ? 1U : 0U;
    now_.count = seen.front().count;
    now_.asleep.clear();
    for (const call& one : seen.front().calls)
        if (!one.over) now_.asleep.push_back(one);
    tally_.sleeps += now_.asleep.size();
    for (const auto& one : crews_) one->forget_finished();
    return true;
}

bool stage::differs(const std::string& what) {
    difference_ = "DIFFERENCE\n" + what;
    return false;
}

// Everybody who is still asleep is interrupted; nothing else ends every call, in a semaphore least of all.
bool stage::release() {
    for (const auto& one : crews_) {
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
