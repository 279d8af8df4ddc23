// SPDX-License-Identifier: MIT
// core/standing_watcher.hpp: watchers that are notified of every change without a lock, a queue or a reference.
//
// For watching very many objects (watch/wait_set.hpp). The price is a hard rule: a watcher's memory never goes away,
// and a notification must be harmless at any time, even after the watcher was detached, by an object that is no longer
// its own. Notified from any thread, also from signal handlers, by the changer itself, which waits for no thread.
#pragma once

#include <efd/detail/base/atomic.hpp>

#include <cstdint>

namespace efd::EFD_ABI::core {

struct standing_watcher {
    // key: poll_in after an add, poll_out after a read, as for entries of the wait queue.
    using function = void (*)(standing_watcher& told, std::uint32_t key) noexcept;
    function tell = nullptr;
};

// The places of one object's permanent watchers: one, and blocks of more that are made when needed and stay for ever,
// so that a changer walks them without synchronising with other threads. Any number of threads attach and detach at
// once and wait for no thread; one watcher is attached by one thread at a time.
class standing_places {
  public:
    constexpr standing_places() noexcept = default;
    standing_places(const standing_places&) = delete;
    standing_places& operator=(const standing_places&) = delete;
    ~standing_places();

    // False: memory ran out.
    [[nodiscard]] bool attach(standing_watcher& given) noexcept;
    // False: it is not attached.
    bool detach(const standing_watcher& given) noexcept;
    [[nodiscard]] bool empty() const noexcept;

    template <class Act>
    void each(Act act) const noexcept {
        if (standing_watcher* const one = first_.load(base::acquire); one != nullptr) act(*one);
        for (const block* more = more_.load(base::acquire); more != nullptr; more = more->next.load(base::acquire))
            for (const auto& place : more->places)
                if (standing_watcher* const one = place.load(base::acquire); one != nullptr) act(*one);
    }

  private:
    static constexpr int places_of_block = 7;
    struct block {
        base::atomic<standing_watcher*> places[places_of_block] = {};
        base::atomic<block*> next{nullptr};
    };

    // The first place for which `wanted` is true, or null.
    template <class Question>
    [[nodiscard]] base::atomic<standing_watcher*>* place_where(Question wanted) noexcept;

    base::atomic<standing_watcher*> first_{nullptr};
    base::atomic<block*> more_{nullptr};
};

} // namespace efd::EFD_ABI::core
