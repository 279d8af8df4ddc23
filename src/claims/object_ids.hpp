// claims/object_ids.hpp: whether the id of an object that is gone is free again.
//
// Owns nothing. Ids are given out smallest first, so that making objects until one has a larger id fills every gap
// below. Other programs of the machine make eventfds too: an id may go to one of them, which the claims that use this
// allow for by trying again. Used by the claim's thread.
// Invariant: no object made here is left behind.
#pragma once

#include "claims/claim.hpp"
#include "claims/sleeper.hpp"

#include <memory>
#include <vector>

namespace efd::claims {

// Whether a new object can have that id now: it is given to one of as many as it takes to come past it.
inline bool id_is_free(trial& t, int id) {
    std::vector<std::unique_ptr<object>> made;
    do {
        made.push_back(t.make());
        if (made.back()->id() == id) return true;
    } while (made.back()->id() < id);
    return false;
}

// The same, waiting for a kernel that lets go of its last reference a little later.
inline bool id_becomes_free(trial& t, int id) {
    return wait_until([&] { return id_is_free(t, id); });
}

} // namespace efd::claims
