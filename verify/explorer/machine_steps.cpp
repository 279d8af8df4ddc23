// SPDX-License-Identifier: MIT
// The view machine's shared steps: what may happen next, and what then happens.
#include "explorer/doorbells.hpp"
#include "explorer/machine.hpp"

#include <algorithm>
#include <limits>

namespace explore {
namespace {

bool looks_at_futex(act what) noexcept { return what == act::futex_queue || what == act::futex_wait; }
bool is_cas(act what) noexcept { return what == act::cas_weak || what == act::cas_strong; }
constexpr int all_sleepers = std::numeric_limits<std::int32_t>::max();

// By itself: who asked goes on, and no word changes.
bool does_nothing(act what) noexcept {
    return what == act::await_end || what == act::pass || what == act::yield || what == act::child;
}

} // namespace

const char* name_of(order o) noexcept {
    constexpr const char* names[] = {"relaxed", "acquire", "release", "acq_rel"};
    return names[static_cast<int>(o)];
}

const char* name_of(act what) noexcept {
    constexpr const char* names[] = {"load",      "store",      "born",         "exchange",   "fetch_add",
                                     "fetch_or",  "fetch_and",  "cas_weak",     "cas_strong", "lock",
                                     "bell call", "await_bell", "await_change", "await_end",  "pass",
                                     "yield",     "queue_on",   "child",        "futex_wait", "futex_wake"};
    return names[static_cast<int>(what)];
}

int machine::futex_of(std::uintptr_t address) {
    for (std::size_t i = 0; i < futexes_.size(); ++i)
        if (futexes_[i] == address) return static_cast<int>(i);
    futexes_.push_back(address);
    if (futexes_.size() > max_futexes) fail("the machine has too few futexes");
    return static_cast<int>(futexes_.size()) - 1;
}

// A futex word is a place of 32 bits, or the lower half of one of 64 (the host is little-endian).
const place* machine::futex_place(std::uintptr_t address) const { return place_at(address, -1); }

bool machine::somebody_crashed() const noexcept {
    return std::any_of(now.threads.begin(), now.threads.end(),
                       [](const thread_state& t) { return t.alive == life::crashed; });
}

// Has the thread been killed that is named in the upper half of a word, plus one; without a word, has any.
bool machine::crashed(std::uint64_t named_at) const noexcept {
    if (named_at == 0) return somebody_crashed();
    const std::uint64_t name = newest_value(reinterpret_cast<const void*>(named_at), 8) >> 32;
    return name > 0 && now.threads[name - 1].alive == life::crashed;
}

bool machine::enabled(int thread) const {
    const thread_state& t = now.threads[index(thread)];
    if (t.alive != life::runnable || t.pending == nullptr) return false;
    if (t.pending->what == act::await_end) {
        const life other = now.threads[t.pending->operand].alive;
        return other == life::done || other == life::crashed || other == life::stopped;
    }
    if (t.pending->what == act::child)
        return std::all_of(now.threads.begin(), now.threads.begin() + static_cast<std::ptrdiff_t>(t.pending->operand),
                           [](const thread_state& one) { return one.alive >= life::done; });
    if (t.pending->what == act::yield) {
        for (int other = 0; other < thread_count_; ++other) {
            const request* const asked = now.threads[index(other)].pending;
            if (other != thread && asked != nullptr && asked->what != act::yield && enabled(other)) return false;
        }
        return true;
    }
    if (t.pending->what == act::await_change)
        return newest_value(t.pending->address, t.pending->size) != t.pending->expected || crashed(t.pending->operand);
    if (t.pending->what == act::await_doorbell)
        return doorbell_is_ready(newest_value(t.pending->address, t.pending->size), *t.pending);
    if (t.pending->what != act::lock) return true;
    return (newest_value(t.pending->address, t.pending->size) & t.pending->expected) == 0;
}

void machine::list_of(int thread, std::vector<choice>& into) const {
    const thread_state& t = now.threads[index(thread)];
    const request& asked = *t.pending;
    const auto who = static_cast<std::uint8_t>(thread);
    const bool reads = asked.what == act::load || looks_at_futex(asked.what) || is_cas(asked.what);
    if (!reads) {
        into.push_back({who, event::step, 0});
        return;
    }
    const auto address = reinterpret_cast<std::uintptr_t>(asked.address);
    const place* const p = looks_at_futex(asked.what) ? futex_place(address) : place_at(address, -1);
    if (p == nullptr || p->used != use::shared) { // a futex word that no other thread has ever touched
        into.push_back({who, event::step, 0});
        return;
    }
    const history& h = now.shared[index(p->slot)];
    std::uint8_t oldest = t.seen.at[index(p->slot)];
    if (looks_at_futex(asked.what))
        for (std::size_t f = 0; f < futexes_.size(); ++f)
            if (futexes_[f] == address) oldest = std::max(oldest, now.futexes[f].bucket.at[index(p->slot)]);
    if (is_cas(asked.what) && h.newest().value == asked.expected) {
        into.push_back({who, event::exchange, 0});
        if (asked.what == act::cas_weak && now.left.weak_failures > 0) into.push_back({who, event::weak_failure, 0});
    }
    if (now.left.in_order > 0) oldest = static_cast<std::uint8_t>(h.count - 1);
    for (unsigned i = h.count; i-- > oldest;)
        if (!is_cas(asked.what) || h.messages[i].value != asked.expected)
            into.push_back({who, event::read_message, static_cast<std::uint8_t>(i)});
}

void machine::list_sleeper(int thread, std::vector<choice>& into) const {
    const auto who = static_cast<std::uint8_t>(thread);
    const request& asked = *now.threads[index(thread)].pending;
    if (now.left.spurious_wakes > 0) into.push_back({who, event::spurious_wake, 0});
    if (now.left.interrupts > 0) into.push_back({who, event::interrupt, 0});
    if (asked.deadline_ns != std::numeric_limits<std::int64_t>::max() && now.left.time_outs > 0)
        into.push_back({who, event::time_out, 0});
}

// A load changes nothing for others, and can be made later with the same result: loads move right. So a thread that
// has begun to load goes on alone to its next step that others can see, and no schedule is missed. Where no load is
// stale, a later one may have another result, and every load is a step.
void machine::list_choices(std::vector<choice>& into, bool& quiet) const {
    into.clear();
    quiet = false;
    if (now.locked >= 0) return list_of(now.locked, into);
    const bool bounded = now.left.preemptions != 255;
    const bool last_can = bounded && now.last >= 0 && enabled(now.last);
    for (int i = 0; i < thread_count_; ++i) {
        if (!enabled(i)) continue;
        if (last_can && i != now.last && now.left.preemptions == 0) continue;
        list_of(i, into);
    }
    quiet = into.empty();
    for (int i = 0; i < thread_count_; ++i) {
        const life alive = now.threads[index(i)].alive;
        if (alive == life::asleep) list_sleeper(i, into);
        if (now.left.crashes > 0 && may_crash[index(i)] && (alive == life::asleep || alive == life::runnable))
            into.push_back({static_cast<std::uint8_t>(i), event::crash, 0});
        if (now.left.stops > 0 && alive == life::runnable)
            into.push_back({static_cast<std::uint8_t>(i), event::stop, 0});
    }
}

void machine::load_message(thread_state& t, request& asked, int slot, int which, order o) {
    const message& m = now.shared[index(slot)].messages[index(which)];
    asked.value = m.value;
    t.seen.at[index(slot)] = std::max(t.seen.at[index(slot)], static_cast<std::uint8_t>(which));
    if (acquires(o)) t.seen.join(m.seen);
}

// Appends; `continued` is the view of the message that a read-modify-write has read: the release sequence goes on.
void machine::write_message(thread_state& t, int slot, std::uint64_t value, order o, const view* continued) {
    history& h = now.shared[index(slot)];
    if (h.count == max_history) return fail("a history outgrew the machine");
    const view before = continued != nullptr ? *continued : view{};
    message& m = h.messages[h.count];
    t.seen.at[index(slot)] = h.count++;
    m.value = value;
    m.seen = releases(o) ? t.seen : view{};
    m.seen.join(before);
    m.seen.at[index(slot)] = t.seen.at[index(slot)];
}

// Everything with one outcome: store, read-modify-write, lock. Who awaits a change sees the newest value then.
void machine::step(thread_state& t, request& asked) {
    const place* const p = place_at(reinterpret_cast<std::uintptr_t>(asked.address), -1);
    const int slot = p->slot;
    const int newest = now.shared[index(slot)].count - 1;
    asked.done = true;
    if (asked.what == act::store || asked.what == act::born)
        return write_message(t, slot, asked.operand, asked.success, nullptr);
    if (asked.what == act::await_change) return load_message(t, asked, slot, newest, order::relaxed);
    load_message(t, asked, slot, newest, asked.success);
    const view continued = now.shared[index(slot)].messages[index(newest)].seen;
    write_message(t, slot, value_after(asked, asked.value), asked.success, &continued);
}

// Under the bucket's lock. Whether the word is as expected.
bool machine::look_at_futex(int thread, int futex, const choice& chosen) {
    thread_state& t = now.threads[index(thread)];
    request& asked = *t.pending;
    futex_queue& queue = now.futexes[index(futex)];
    t.seen.join(queue.bucket);
    const place* const p = futex_place(reinterpret_cast<std::uintptr_t>(asked.address));
    if (p == nullptr || p->used != use::shared) {
        asked.value = newest_value(asked.address, p == nullptr ? 4 : p->size);
    } else {
        load_message(t, asked, p->slot, chosen.argument, order::relaxed);
    }
    queue.bucket.join(t.seen);
    return static_cast<std::uint32_t>(asked.value) == static_cast<std::uint32_t>(asked.expected);
}

void machine::act_futex_queue(int thread, const choice& chosen) {
    request& asked = *now.threads[index(thread)].pending;
    const int f = futex_of(reinterpret_cast<std::uintptr_t>(asked.address));
    const bool queued = look_at_futex(thread, f, chosen);
    say(thread, asked, queued ? "queues" : "the word has changed");
    asked.done = queued;
    if (queued) {
        now.futexes[index(f)].add(thread);
        now.threads[index(thread)].beside = static_cast<std::uint8_t>(f + 1);
    }
    run(thread);
}

bool machine::was_chosen_beside(int thread) const noexcept {
    const std::uint8_t beside = now.threads[index(thread)].beside;
    return beside != 0 && !now.futexes[beside - 1U].has(thread);
}

void machine::act_futex_wait(int thread, const choice& chosen) {
    thread_state& t = now.threads[index(thread)];
    request& asked = *t.pending;
    const int f = futex_of(reinterpret_cast<std::uintptr_t>(asked.address));
    if (counts_calls_) ++now.waits;
    const bool is_as_expected = look_at_futex(thread, f, chosen);
    if (was_chosen_beside(thread) || !is_as_expected) {
        const wake_reason why = was_chosen_beside(thread) ? wake_reason::woken : wake_reason::changed;
        asked.operand = static_cast<std::uint64_t>(why);
        leave_queues(thread);
        say(thread, asked, why == wake_reason::woken ? "was woken by the other word" : "the word has changed");
        return run(thread);
    }
    say(thread, asked, "sleeps");
    t.chosen = false;
    t.alive = life::asleep;
    t.futex = static_cast<std::uint8_t>(f);
    now.futexes[index(f)].add(thread);
}

// A thread that waits on two words is in the queues of both, or on its way from the first to the second.
void machine::leave_queues(int thread) {
    thread_state& t = now.threads[index(thread)];
    if (t.alive == life::asleep) now.futexes[t.futex].remove(thread);
    if (t.beside != 0) now.futexes[t.beside - 1U].remove(thread);
    t.beside = 0;
}

// A sleeper that ends its wait by itself takes the bucket's lock to leave the queue; one that is woken does not.
void machine::release_sleeper(int thread, wake_reason why, bool takes_lock) {
    thread_state& t = now.threads[index(thread)];
    leave_queues(thread);
    if (takes_lock) {
        view& bucket = now.futexes[t.futex].bucket;
        t.seen.join(bucket);
        bucket.join(t.seen);
    }
    t.alive = life::runnable;
    t.pending->operand = static_cast<std::uint64_t>(why);
    run(thread);
}

void machine::act_futex_wake(int thread) {
    thread_state& t = now.threads[index(thread)];
    request& asked = *t.pending;
    const int f = futex_of(reinterpret_cast<std::uintptr_t>(asked.address));
    futex_queue& queue = now.futexes[index(f)];
    if (counts_calls_) ++now.wakes;
    t.seen.join(queue.bucket);
    queue.bucket.join(t.seen);
    const int most = static_cast<int>(asked.operand);
    const int woken = std::min<int>(most, queue.count);
    const bool tells = most != all_sleepers;
    asked.value = static_cast<std::uint64_t>(woken) + (tells && queue.count > woken ? 1 : 0);
    std::array<std::uint8_t, max_threads> chosen = queue.sleepers;
    std::string names;
    for (int i = 0; i < woken; ++i) names += " " + std::to_string(chosen[index(i)]);
    if (tell != nullptr) say(thread, asked, woken == 0 ? "wakes nobody" : "wakes thread" + names);
    // A private wake does not find those who sleep as users of a shared mapping, nor the other way round.
    const auto sleeps_here = [&](int i) {
        return sleeps(chosen[index(i)]) && now.threads[chosen[index(i)]].futex == f;
    };
    for (int i = 0; i < woken; ++i)
        if (asked.shared_futex != (sleeps_here(i) && now.threads[chosen[index(i)]].pending->shared_futex))
            return fail("a futex is waited for and woken in different scopes");
    // A thread that is woken runs after its waker's step: the scheduler's locks ensure that.
    for (int i = 0; i < woken; ++i) now.threads[chosen[index(i)]].seen.join(t.seen);
    for (int i = 0; i < woken; ++i)
        if (sleeps_here(i)) now.threads[chosen[index(i)]].chosen = stops_;
    for (int i = 0; i < woken; ++i) queue.remove(chosen[index(i)]);
    run(thread);
    for (int i = 0; i < woken && !failed() && !restart_; ++i)
        if (sleeps(chosen[index(i)])) release_sleeper(chosen[index(i)], wake_reason::woken, false);
}

void machine::note_switch_to(int thread) noexcept {
    const bool bounded = now.left.preemptions != 255;
    if (bounded && now.last >= 0 && now.last != thread && enabled(now.last)) --now.left.preemptions;
    now.last = bounded ? static_cast<std::int8_t>(thread) : std::int8_t{-1};
}

void machine::apply(const choice& chosen) {
    ++steps;
    const int thread = chosen.thread;
    thread_state& t = now.threads[index(thread)];
    const bool environment = chosen.what >= event::spurious_wake;
    t.before_first_step = false;
    if (!environment && now.locked < 0) note_switch_to(thread);
    now.locked = -1;
    if (chosen.what == event::crash) {
        --now.left.crashes;
        if (tell != nullptr) say(thread, request{}, "is killed");
        leave_queues(thread);
        t.alive = life::crashed;
        return;
    }
    if (chosen.what == event::stop) {
        --now.left.stops;
        if (tell != nullptr) say(thread, request{}, "stops for ever");
        t.alive = life::stopped;
        return;
    }
    request& asked = *t.pending;
    if (environment) {
        if (chosen.what == event::spurious_wake) --now.left.spurious_wakes;
        if (chosen.what == event::interrupt) --now.left.interrupts;
        if (chosen.what == event::time_out && now.left.time_outs != 255) --now.left.time_outs;
        constexpr const char* told[] = {"woken by nobody", "interrupted", "timed out"};
        constexpr wake_reason reasons[] = {wake_reason::woken, wake_reason::interrupted, wake_reason::timed_out};
        const auto i = static_cast<std::size_t>(chosen.what) - static_cast<std::size_t>(event::spurious_wake);
        if (tell != nullptr) say(thread, asked, told[i]);
        return release_sleeper(thread, reasons[i], chosen.what != event::spurious_wake);
    }
    if (asked.what == act::child) become_child();
    if (does_nothing(asked.what)) {
        say(thread, request{}, "goes on");
        return run(thread);
    }
    if (asked.what == act::futex_queue) return act_futex_queue(thread, chosen);
    if (asked.what == act::futex_wait) return act_futex_wait(thread, chosen);
    if (asked.what == act::futex_wake) return act_futex_wake(thread);
    const place* const p = place_at(reinterpret_cast<std::uintptr_t>(asked.address), -1);
    bool mover = false;
    if (chosen.what == event::read_message || chosen.what == event::weak_failure) {
        const int which = chosen.what == event::weak_failure ? now.shared[index(p->slot)].count - 1 : chosen.argument;
        if (chosen.what == event::weak_failure) --now.left.weak_failures;
        load_message(t, asked, p->slot, which, is_cas(asked.what) ? asked.failure : asked.success);
        asked.done = false;
        mover = true;
    } else {
        step(t, asked);
        if (stops_ && asked.what == act::doorbell) t.swallowed = is_silence(asked);
    }
    if (tell != nullptr) say(thread, asked, "");
    run(thread);
    if (mover && enabled(thread) && now.left.in_order == 0) now.locked = static_cast<std::int8_t>(thread);
}

// The child has a copy of everything as it is at this moment, and that is what its threads see.
void machine::become_child() noexcept {
    now.process = 1;
    for (int s = 0; s < shared_count_; ++s)
        for (int i = 0; i < thread_count_; ++i)
            now.threads[index(i)].seen.at[index(s)] = static_cast<std::uint8_t>(now.shared[index(s)].count - 1);
}

void machine::trim() noexcept {
    for (int s = 0; s < shared_count_; ++s) {
        history& h = now.shared[index(s)];
        auto oldest = static_cast<std::uint8_t>(h.count - 1);
        for (int i = 0; i < thread_count_; ++i) {
            const thread_state& t = now.threads[index(i)];
            if (t.alive == life::runnable || t.alive == life::asleep) oldest = std::min(oldest, t.seen.at[index(s)]);
        }
        if (oldest == 0) continue;
        for (unsigned i = oldest; i < h.count; ++i) h.messages[i - oldest] = h.messages[i];
        h.count = static_cast<std::uint8_t>(h.count - oldest);
        const auto lower = [&](view& v) {
            std::uint8_t& at = v.at[index(s)];
            at = at > oldest ? static_cast<std::uint8_t>(at - oldest) : std::uint8_t{0};
        };
        for (thread_state& t : now.threads) lower(t.seen);
        for (futex_queue& q : now.futexes) lower(q.bucket);
        for (int other = 0; other < shared_count_; ++other)
            for (unsigned i = 0; i < now.shared[index(other)].count; ++i)
                lower(now.shared[index(other)].messages[i].seen);
    }
}

} // namespace explore
