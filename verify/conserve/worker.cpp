// SPDX-License-Identifier: MIT
// worker.cpp: one process of a run.
#include "conserve/ledger.hpp"

#include <chrono>
#include <optional>
#include <poll.h>
#include <random>
#include <string>
#include <unistd.h>
#include <vector>

namespace efd::conserve {
namespace {

constexpr std::size_t most_held = 5;
constexpr std::size_t semaphore = 1; // of the lasting objects

class worker {
  public:
    worker(arena& shared, ledger& all, page& own, std::uint64_t seed)
        : shared_(shared), all_(all), own_(own), dice_(seed) {
        for (std::size_t i = 0; i < lasting; ++i) {
            arena_lookup found = shared.find(lasting_name(i));
            if (!found) wrong(end::other_name);
            if (found) lasting_.push_back(std::move(found.object));
        }
    }
    end run(std::uint64_t calls) {
        for (std::uint64_t i = 0; i < calls && !all_.stop && end_ == end::well; ++i) {
            one();
            own_.calls.fetch_add(1, std::memory_order_relaxed);
        }
        while (!held_.empty() && end_ == end::well) drop();
        return end_;
    }

  private:
    struct held {
        eventfd object;
        std::uint64_t id;
        bool is_named;
    };
    std::uint64_t any(std::uint64_t below) { return dice_() % below; }
    void wrong(end what) { end_ = what; }

    void one() {
        switch (any(16)) {
        case 0:
        case 1:
        case 2: return add(any(lasting), 1, true);
        case 3:
        case 4: return add(any(lasting), 1 + any(2), false);
        case 5:
        case 6:
        case 7: return take(any(lasting), false);
        case 8: // of one that is killed asleep nobody knows what it has taken
            if (any(16) == 0) return take(2, true);
            return any(8) == 0 ? take_in_set(any(2) == 0) : take(any(lasting), false);
        case 9:
        case 10: return make();
        case 11: return find_id();
        case 12: return any(2) == 0 ? make_named() : find_named();
        case 13: return drop();
        case 14:
            if (any(50) == 0) (void)shared_.reap();
            if (any(100) == 0) (void)shared_.remove(name());
            return;
        default:
            if (any(2000) == 0) fork_one();
        }
    }

    // ---- Units.

    void add(std::size_t which, std::uint64_t amount, bool by_signal) {
        constexpr int amount_shift = 8;
        own_.about_to_add = static_cast<std::uint32_t>(which + 1 + (amount << amount_shift));
        const bool done = by_signal ? lasting_[which].signal() : lasting_[which].write(amount) == std::errc{};
        if (!done) wrong(end::call_failed);
        if (done) own_.sums[which].added += amount;
        own_.about_to_add = 0;
    }
    void take(std::size_t which, bool waits) {
        constexpr std::chrono::milliseconds longest(3);
        std::uint64_t value = 0;
        const std::uint64_t most = 1 + any(most_taken);
        own_.about_to_take = static_cast<std::uint32_t>(which + 1);
        const std::errc how =
            waits ? lasting_[which].read_some_for(value, most, longest) : lasting_[which].try_read_some(value, most);
        const bool is_known =
            how == std::errc{} || how == std::errc::timed_out || how == std::errc::resource_unavailable_try_again;
        if (!is_known || value > most) wrong(end::wrong_value);
        own_.sums[which].taken += value;
        own_.about_to_take = 0;
    }

    // By a wait of a set of the arena, or as an event loop does on its descriptor. Its member is the semaphore, so that
    // a process that is killed meanwhile has taken one unit at most.
    void take_in_set(bool by_descriptor) {
        constexpr int longest_ms = 3;
        if (!set_ && !make_set()) return;
        set_event got{};
        own_.about_to_take = static_cast<std::uint32_t>(semaphore + 1);
        ::pollfd asked{by_descriptor ? set_->fd() : -1, POLLIN, 0};
        if (by_descriptor) (void)::poll(&asked, 1, longest_ms);
        const std::errc how =
            by_descriptor ? set_->try_any(got) : set_->wait_any_for(got, std::chrono::milliseconds(longest_ms));
        const bool is_known =
            how == std::errc{} || how == std::errc::timed_out || how == std::errc::resource_unavailable_try_again;
        if (!is_known || got.value > 1) wrong(end::wrong_value);
        own_.sums[semaphore].taken += got.value;
        own_.about_to_take = 0;
    }
    // Too many may live: the semaphore stands in four sets at once.
    bool make_set() {
        try {
            wait_set fresh = shared_.make_set();
            fresh.add(lasting_[semaphore], semaphore);
            set_ = std::move(fresh);
        } catch (const std::system_error& full) {
            if (full.code() != std::errc::no_space_on_device) wrong(end::call_failed);
        }
        return set_.has_value();
    }

    // ---- Objects that do not last. Nobody changes one whose id is told.

    std::string name() { return "name" + std::to_string(any(4)); }
    void hold(eventfd&& object, bool is_named) {
        const std::uint64_t id = shared_.id(object);
        held_.push_back({std::move(object), id, is_named});
        if (held_.size() > most_held) drop();
    }
    void make() {
        try {
            eventfd fresh = shared_.make();
            tell(std::move(fresh), false);
        } catch (const std::system_error& full) {
            if (full.code() != std::errc::no_space_on_device) wrong(end::call_failed);
        }
    }
    void make_named() {
        try {
            eventfd fresh = shared_.make(name(), 0);
            tell(std::move(fresh), true);
        } catch (const std::system_error& refused) {
            const bool is_known =
                refused.code() == std::errc::no_space_on_device || refused.code() == std::errc::file_exists;
            if (!is_known) wrong(end::call_failed);
        }
    }
    void tell(eventfd&& fresh, bool is_named) {
        if (fresh.count() != 0) return wrong(end::other_object);
        const std::uint64_t id = shared_.id(fresh);
        if (fresh.write(mark_of(id)) != std::errc{}) return wrong(end::call_failed);
        all_.ids[any(all_.ids.size())] = id;
        hold(std::move(fresh), is_named);
    }
    void find_id() {
        const std::uint64_t id = all_.ids[any(all_.ids.size())];
        arena_lookup found = shared_.at(id);
        if (!found) return;
        if (shared_.id(found.object) != id || found.object.count() != mark_of(id)) return wrong(end::other_object);
        ++own_.found;
        hold(std::move(found.object), false);
    }
    // Its maker may not have marked it yet, or may have been killed before that.
    void find_named() {
        arena_lookup found = shared_.find(name());
        if (!found) return;
        if (!is_its_own(found.object, shared_.id(found.object), true)) return wrong(end::other_name);
        hold(std::move(found.object), true);
    }
    static bool is_its_own(const eventfd& object, std::uint64_t id, bool is_named) {
        const std::uint64_t count = object.count();
        return count == mark_of(id) || (is_named && count == 0);
    }
    // What was held all the time is what it was.
    void drop() {
        if (held_.empty()) return;
        const std::size_t which = any(held_.size());
        if (!is_its_own(held_[which].object, held_[which].id, held_[which].is_named)) return wrong(end::other_object);
        held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(which));
    }

    // The child outlives this process if that is killed, and ends by itself.
    void fork_one() {
        constexpr std::uint64_t calls = 300;
        const std::uint64_t seed = dice_();
        if (::fork() != 0) {
            ++all_.forks;
            return;
        }
        for (const held& one : held_)
            if (!is_its_own(one.object, one.id, one.is_named)) ::_exit(static_cast<int>(end::other_object));
        ::_exit(static_cast<int>(work(shared_, all_, seed, calls)));
    }

    arena& shared_;
    ledger& all_;
    page& own_;
    std::mt19937_64 dice_;
    std::vector<eventfd> lasting_;
    std::vector<held> held_;
    std::optional<wait_set> set_;
    end end_ = end::well;
};

} // namespace

end work(arena& shared, ledger& all, std::uint64_t seed, std::uint64_t calls) {
    const std::uint32_t number = all.used.fetch_add(1);
    if (number >= pages) return end::no_page;
    return worker(shared, all, all.of[number], seed).run(calls);
}

} // namespace efd::conserve
