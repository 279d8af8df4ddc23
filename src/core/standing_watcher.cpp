// core/standing_watcher.cpp: see standing_watcher.hpp.
#include "core/standing_watcher.hpp"

#include <new>

namespace efd::core {

standing_places::~standing_places() {
    for (block* one = more_.load(base::relaxed); one != nullptr;) {
        block* const after = one->next.load(base::relaxed);
        delete one;
        one = after;
    }
}

// The first place that has this watcher, or none; null: there is no such place.
base::atomic<standing_watcher*>* standing_places::place_of(const standing_watcher* wanted) noexcept {
    if (first_.load(base::relaxed) == wanted) return &first_;
    for (block* more = more_.load(base::relaxed); more != nullptr; more = more->next.load(base::relaxed))
        for (auto& place : more->places)
            if (place.load(base::relaxed) == wanted) return &place;
    return nullptr;
}

bool standing_places::attach(standing_watcher& given) noexcept {
    auto* place = place_of(nullptr);
    if (place == nullptr) {
        auto* const fresh = new (std::nothrow) block;
        if (fresh == nullptr) return false;
        fresh->next.store(more_.load(base::relaxed), base::relaxed);
        place = &fresh->places[0];
        more_.store(fresh, base::release);
    }
    place->store(&given, base::release); // STANDING
    return true;
}

bool standing_places::detach(const standing_watcher& given) noexcept {
    auto* const place = place_of(&given);
    if (place == nullptr) return false;
    place->store(nullptr, base::relaxed);
    return true;
}

bool standing_places::empty() const noexcept {
    bool none = true;
    each([&none](const standing_watcher& /*one*/) { none = false; });
    return none;
}

} // namespace efd::core
