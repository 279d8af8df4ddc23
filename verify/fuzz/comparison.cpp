// SPDX-License-Identifier: MIT
// verify/fuzz/comparison.cpp: see comparison.hpp.
#include "fuzz/comparison.hpp"

#include <efd/detail/core/count.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <utility>

namespace efd::fuzz {
namespace {

using core::admission;

constexpr unsigned valid_flags = EFD_SEMAPHORE | EFD_NONBLOCK | EFD_CLOEXEC;

manner manner_of(act what) {
    switch (what) {
    case act::try_read:
    case act::try_write: return manner::never;
    case act::read_expired:
    case act::write_expired: return manner::expired;
    default: return manner::as_flagged;
    }
}
bool is_read(act what) { return what == act::read || what == act::try_read || what == act::read_expired; }
bool is_write(act what) { return what == act::write || what == act::try_write || what == act::write_expired; }
bool is_signal(act what) { return what == act::signal || what == act::signal_deferred; }

std::string error_in_words(int error) { return error == 0 ? "ok" : ::strerrorname_np(error); }
std::string error_in_words(const answer& of) {
    return error_in_words(of.error) + (of.value != 0 ? " " + number_in_words(of.value) : "");
}

std::string mask_in_words(unsigned mask) {
    std::string text;
    const auto say = [&](unsigned bit, std::string_view name) {
        if ((mask & bit) != 0) text += (text.empty() ? "" : "+") + std::string(name);
        mask &= ~bit;
    };
    say(core::poll_in, "IN");
    say(core::poll_out, "OUT");
    say(core::poll_err, "ERR");
    if (mask != 0) text += "+" + std::to_string(mask);
    return text.empty() ? "-" : text;
}

} // namespace

// The library lets the kernel find out that a deadline has passed; with the usual slack that takes 50 us of sleep.
comparison::comparison(subjects compared) : subjects_(std::move(compared)) { ::prctl(PR_SET_TIMERSLACK, 1UL); }

std::optional<std::string> comparison::run(byte_view program, bool thorough) {
    telling_ = false;
    run_steps(program, thorough);
    ++tally_.programs;
    if (differs_.empty()) return std::nullopt;
    const std::string first = std::exchange(differs_, {});
    telling_ = true; // once more, for the words
    story_.clear();
    run_steps(program, thorough);
    const std::string again = std::exchange(differs_, {});
    return story_ + (again.empty() ? first + "\n(and not when run again)" : again) + "\nbytes " + hex_of(program) +
           "\n";
}

std::string comparison::tell(byte_view program) {
    telling_ = true;
    story_.clear();
    run_steps(program, true);
    return story_ + std::exchange(differs_, {});
}

void comparison::run_steps(byte_view program, bool thorough) {
    object_of_.fill(-1);
    objects_.fill(modelled{});
    over_ = false;
    number_ = 0;
    thorough_ = thorough;
    decoder steps(program);
    for (step s; !over_ && steps.next(s);) take(s);
    finish();
}

unsigned comparison::living(unsigned how_manieth) const {
    const auto open = static_cast<unsigned>(
        std::count_if(object_of_.begin(), object_of_.end(), [](int object) { return object >= 0; }));
    if (open == 0) return most_handles;
    unsigned wanted = how_manieth % open;
    for (unsigned handle = 0; handle < most_handles; ++handle)
        if (object_of_.at(handle) >= 0 && wanted-- == 0) return handle;
    return most_handles;
}

bool comparison::would_sleep(const step& s, unsigned handle) const {
    const modelled& on = objects_.at(static_cast<unsigned>(object_of_.at(handle)));
    if (is_signal(s.what)) return !subjects_.front()->signals_at_the_bound() && on.count >= core::ceiling - 1;
    if (on.nonblock) return false;
    if (s.what == act::read) return on.count == 0;
    if (s.what == act::read_some) return on.count == 0 && s.by.offset != 0;
    return s.what == act::write && core::admit_write(on.count, s.by.offset) == admission::must_wait;
}

// The kernel takes the units of a semaphore one by one, and what it gives back to another object would be an edge.
bool comparison::kernel_would_differ(const step& s, unsigned object) const {
    if (s.what != act::read_some) return false;
    const modelled& on = objects_.at(object);
    constexpr std::uint64_t many = 200;
    return on.semaphore ? std::min(on.count, s.by.offset) > many : on.watched != 0 && s.by.offset < on.count;
}

// A first operation on nothing makes its object, so that every part of a program does something.
void comparison::take(step s) {
    unsigned handle = living(s.handle);
    if (s.what == act::create || handle == most_handles) return make(s);
    const auto object = static_cast<unsigned>(object_of_.at(handle));
    s.by = amount{amount::from::zero, s.by.at(objects_.at(object).count)};
    const bool wants_none = s.what == act::watch;
    const bool wants_one = s.what == act::unwatch || s.what == act::unwatch_and_read;
    const bool watched = objects_.at(object).watched != 0;
    if (would_sleep(s, handle) || kernel_would_differ(s, object) || (wants_none && watched) ||
        (wants_one && !watched)) {
        ++tally_.skipped;
        return;
    }
    if (s.what == act::duplicate) return duplicate(handle);
    if (s.what == act::close) return close(s, handle);
    if (s.what == act::look) return look_at_all("look");
    outcomes_.clear();
    const bool toggles = s.what == act::nonblock_on || s.what == act::nonblock_off;
    for (const auto& one : subjects_) {
        const answer got = act_on(*one, s, handle, object);
        outcomes_.push_back(see(*one, handle, object, toggles));
        outcomes_.back().got = got;
        if (s.what == act::watch)
            outcomes_.back().event = static_cast<unsigned>(std::exchange(outcomes_.back().got.value, 0));
    }
    const answer model = advance(s, object);
    judge(s, handle, outcomes_, model);
}

void comparison::make(const step& s) {
    const auto handle = static_cast<unsigned>(std::find(object_of_.begin(), object_of_.end(), -1) - object_of_.begin());
    const auto object = static_cast<unsigned>(
        std::find_if(objects_.begin(), objects_.end(), [](const modelled& one) { return one.handles == 0; }) -
        objects_.begin());
    if (handle == most_handles || object == most_objects) {
        ++tally_.skipped;
        return;
    }
    const step creation{act::create, handle, s.what == act::create ? s.by : amount{}, s.flags, false};
    const std::uint64_t initval = creation.by.at(0);
    const answer model{
        (s.flags & ~valid_flags) != 0 || core::admit_write(0, initval) != admission::admitted ? EINVAL : 0, 0};
    outcomes_.clear();
    objects_.at(object) = modelled{};
    for (const auto& one : subjects_) {
        const int error = one->create(handle, initval, s.flags);
        outcomes_.push_back(error == 0 && model.error == 0 ? see(*one, handle, object, true) : outcome{});
        outcomes_.back().got.error = error;
    }
    if (model.error == 0) {
        objects_.at(object) = {initval, (s.flags & EFD_SEMAPHORE) != 0, (s.flags & EFD_NONBLOCK) != 0, 0, 1};
        object_of_.at(handle) = static_cast<int>(object);
    }
    judge(creation, handle, outcomes_, model);
}

answer comparison::act_on(subject& on, const step& s, unsigned handle, unsigned object) {
    const manner how = manner_of(s.what);
    if (is_read(s.what)) return on.read(handle, how);
    if (s.what == act::read_some) return on.read_some(handle, s.by.offset);
    if (is_write(s.what)) return {on.write(handle, s.by.offset, how), 0};
    if (is_signal(s.what)) return {on.signal(handle, s.what == act::signal_deferred), 0};
    switch (s.what) {
    case act::nonblock_on:
    case act::nonblock_off: on.set_nonblock(handle, s.what == act::nonblock_on); return {};
    case act::watch: return {0, on.watch(handle, object, s.flags)};
    case act::unwatch: on.unwatch(handle, object); return {};
    case act::unwatch_and_read: return on.unwatch_and_read(handle, object);
    default: return {};
    }
}

comparison::outcome comparison::see(subject& on, unsigned handle, unsigned object, bool look_closely) {
    outcome found;
    found.poll = on.poll(handle);
    if (objects_.at(object).watched != 0) found.event = on.event(handle, object);
    found.counted = on.count_is_cheap();
    if (found.counted) found.count = on.count(handle);
    if (look_closely) found.nonblock = on.nonblock(handle);
    return found;
}

answer comparison::advance_read(modelled& of, manner how, std::uint64_t most) const {
    const std::uint64_t take = core::take_up_to(most, of.count, of.semaphore);
    if (take == 0) return {how == manner::expired ? ETIMEDOUT : EAGAIN, 0};
    of.count -= take;
    return {0, take};
}

answer comparison::advance_write(modelled& of, std::uint64_t value, manner how) const {
    switch (core::admit_write(of.count, value)) {
    case admission::invalid: return {EINVAL, 0};
    case admission::must_wait: return {how == manner::expired ? ETIMEDOUT : EAGAIN, 0};
    case admission::admitted: break;
    }
    of.count += value;
    return {};
}

// What the rules say of the step, and the model after it.
answer comparison::advance(const step& s, unsigned object) {
    modelled& of = objects_.at(object);
    if (is_read(s.what)) return advance_read(of, manner_of(s.what));
    if (s.what == act::read_some && s.by.offset == 0) return {EINVAL, 0};
    if (s.what == act::read_some) return advance_read(of, manner::as_flagged, s.by.offset);
    if (is_write(s.what)) return advance_write(of, s.by.offset, manner_of(s.what));
    if (is_signal(s.what)) of.count = core::after_signal(of.count);
    if (s.what == act::nonblock_on || s.what == act::nonblock_off) of.nonblock = s.what == act::nonblock_on;
    if (s.what == act::watch) of.watched = s.flags;
    if (s.what == act::unwatch || s.what == act::unwatch_and_read) of.watched = 0;
    return s.what == act::unwatch_and_read ? advance_read(of, manner::never) : answer{};
}

void comparison::duplicate(unsigned from) {
    const auto to = static_cast<unsigned>(std::find(object_of_.begin(), object_of_.end(), -1) - object_of_.begin());
    if (to == most_handles) {
        ++tally_.skipped;
        return;
    }
    const auto object = static_cast<unsigned>(object_of_.at(from));
    outcomes_.clear();
    for (const auto& one : subjects_) {
        one->duplicate(from, to);
        outcomes_.push_back(see(*one, to, object, true));
    }
    object_of_.at(to) = static_cast<int>(object);
    ++objects_.at(object).handles;
    judge(step{act::duplicate, to, {}, 0, false}, from, outcomes_, answer{});
}

// The last handle takes the observer with it, so that nothing is left that could be asked.
void comparison::close(const step& s, unsigned handle) {
    const auto object = static_cast<unsigned>(object_of_.at(handle));
    modelled& of = objects_.at(object);
    const bool last = --of.handles == 0;
    for (const auto& one : subjects_) {
        if (last && of.watched != 0) one->unwatch(handle, object);
        one->close(handle);
    }
    if (last) of = modelled{};
    object_of_.at(handle) = -1;
    ++tally_.steps;
    if (telling_) story_ += "  " + fuzz::in_words(s, handle) + "\n";
}

// The kernel's counts are dear, so only a thorough run asks for them.
void comparison::look_at_all(std::string_view when) {
    for (unsigned handle = 0; handle < most_handles; ++handle) {
        if (object_of_.at(handle) < 0 || over_) continue;
        const auto object = static_cast<unsigned>(object_of_.at(handle));
        outcomes_.clear();
        for (const auto& one : subjects_) {
            outcomes_.push_back(see(*one, handle, object, true));
            if (!thorough_) continue;
            outcomes_.back().counted = true;
            outcomes_.back().count = one->count(handle);
        }
        judge(step{act::look, 0, {}, 0, false}, handle, outcomes_, answer{});
        if (telling_) story_ += "    (" + std::string(when) + " at h" + std::to_string(handle) + ")\n";
    }
}

void comparison::finish() {
    if (thorough_) look_at_all("end");
    const bool was_telling = std::exchange(telling_, false);
    const std::uint64_t steps = tally_.steps;
    for (unsigned handle = 0; handle < most_handles; ++handle)
        if (object_of_.at(handle) >= 0) close(step{act::close, handle, {}, 0, false}, handle);
    tally_.steps = steps;
    telling_ = was_telling;
}

std::string comparison::in_words(const outcome& of) {
    return error_in_words(of.got) + ", poll " + mask_in_words(of.poll) +
           (of.event != 0 ? ", event " + mask_in_words(of.event) : "") +
           (of.counted ? ", count " + number_in_words(of.count) : "") + (of.nonblock ? ", O_NONBLOCK" : "");
}

// All alike, and as the model has it.
void comparison::judge(const step& s, unsigned handle, const std::vector<outcome>& outcomes, const answer& model) {
    ++tally_.steps;
    ++number_;
    const int object = object_of_.at(s.what == act::duplicate ? s.handle : handle);
    bool alike = outcomes.front().got.error == model.error && outcomes.front().got.value == model.value;
    for (const outcome& one : outcomes) {
        alike = alike && one == outcomes.front();
        if (one.counted && object >= 0) alike = alike && one.count == objects_.at(static_cast<unsigned>(object)).count;
    }
    if (alike && !telling_) return;
    const std::string words = fuzz::in_words(s, handle);
    if (telling_) story_ += "  " + words + ": " + in_words(outcomes.front()) + "\n";
    if (alike) return;
    over_ = true;
    differs_ = "DIFFERENCE in step " + std::to_string(number_) + ", " + words + "\n";
    for (std::size_t i = 0; i < outcomes.size(); ++i)
        differs_ += "  " + std::string(subjects_.at(i)->name()) + ": " + in_words(outcomes.at(i)) + "\n";
    differs_ += "  rules: " + error_in_words(model);
    if (object >= 0) differs_ += ", count " + number_in_words(objects_.at(static_cast<unsigned>(object)).count);
}

} // namespace efd::fuzz
