// SPDX-License-Identifier: MIT
// core/standing_watcher.cpp: the places of permanent watchers; see watchers.hpp.
#include "core/watchers.hpp"

#include <efd/detail/base/check.hpp>

#include <new>

namespace efd::EFD_ABI::core {

standing_places::~standing_places() {
    for (block* one = more_.load(base::relaxed); one != nullptr;) {
        block* const after = one->next.load(base::relaxed);
        delete one;
        one = after;
    }
}

template <class Question>
base::atomic<standing_watcher*>* standing_places::place_where(Question wanted) noexcept {
    if (wanted(first_)) return &first_;
    for (block* more = more_.load(base::acquire); more != nullptr; more = more->next.load(base::acquire))
        for (auto& place : more->places)
            if (wanted(place)) return &place;
    return nullptr;
}

// STANDING. A free place is claimed and filled by one step. If none is free, a block that contains this watcher is put
// in front of the others.
bool standing_places::attach(standing_watcher& given) noexcept {
    EFD_CHECK(given.tell != nullptr);
    const auto claim = [&given](base::atomic<standing_watcher*>& place) {
        standing_watcher* nobody = place.load(base::relaxed);
        return nobody == nullptr && place.compare_exchange_strong(nobody, &given, base::release, base::relaxed);
    };
    if (place_where(claim) != nullptr) return true;
    auto* const fresh = new (std::nothrow) block;
    if (fresh == nullptr) return false;
    fresh->places[0].store(&given, base::relaxed);
    block* others = more_.load(base::relaxed);
    do {
        fresh->next.store(others, base::relaxed);
    } while (!more_.compare_exchange_weak(others, fresh, base::release, base::relaxed)); // STANDING, block
    return true;
}

bool standing_places::detach(const standing_watcher& given) noexcept {
    auto* const place =
        place_where([&given](base::atomic<standing_watcher*>& one) { return one.load(base::relaxed) == &given; });
    if (place == nullptr) return false;
    place->store(nullptr, base::relaxed);
    return true;
}

bool standing_places::empty() const noexcept {
    bool none = true;
    each([&none](const standing_watcher& /*one*/) { none = false; });
    return none;
}

} // namespace efd::EFD_ABI::core
