// SPDX-License-Identifier: MIT
// verify/explorer/set_parts.hpp: what threads of several files of set scenarios do.
#pragma once

#include "explorer/scenarios.hpp"
#include "explorer/set_world.hpp"

namespace explore::inline set_parts { // other files of parts have such names, too

inline void writer() { give(0); }
inline void second_writer() { give(1); }
inline void writer_of_both() {
    give(0);
    give(1);
}
inline void twice_writer() {
    give(0);
    give(0);
}
inline void reader() { (void)take(0); }
inline void write_and_take() {
    give(0);
    (void)take(0);
}
inline void waiter() { must(any(0) == status::ok, "a wait without end came back without a unit"); }
inline void twice_waiter() {
    waiter();
    waiter();
}
inline void trier() { (void)try_any(0); }
inline void twice_trier() {
    (void)try_any(0);
    (void)try_any(0);
}
inline void own_writer() {
    give(1);
    must(try_any(0) == status::ok, "one's own finished write is not found");
}
// Nobody takes from it here any more, and its count is then what it was before.
inline void leaver_that_takes_and_writes() {
    leave_set(0, 0);
    (void)take(0);
    give(0);
    hall().kept_after_leaving = 1;
}

} // namespace explore::inline set_parts
