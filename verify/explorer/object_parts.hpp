// SPDX-License-Identifier: MIT
// verify/explorer/object_parts.hpp: what several files of scenarios of one object share: set-ups, what threads do, and
// a check.
#pragma once

#include "explorer/scenarios.hpp"
#include "explorer/world.hpp"

namespace explore::inline object_parts { // other files of parts have such names, too

inline void plain() { make_world(0, 0); }
inline void semaphore() { make_world(0, flag_semaphore); }
inline void shared() { make_world(0, flag_shared); }
inline void packed_top() { make_world(packed_limit - 1, 0); }

inline void writer() { write_fast(1); }
inline void twice_writer() {
    write_fast(1);
    write_fast(1);
}
inline void writer_of_two() { write_fast(2); }
inline void zero_writer() { write_fast(0); }
inline void huge_writer() { write_fast(packed_limit); }
inline void slow_writer() { (void)write_some(1); }
inline void signaller() { signal_once(); }
inline void reader() { (void)read_value(); }
inline void timed_reader() { (void)read_one(wait_opts{.deadline_ns = 1}); }
inline void stoppable_reader() {
    const std::stop_token token = w().stop.get_token();
    const status result = read_one(wait_opts{.stop = &token});
    must(result == status::ok || result == status::cancelled, "a cancellable read ended otherwise");
}
inline void canceller() { (void)w().stop.request_stop(); }

// Who was asked to stop and sleeps on is lost, whatever the count is; threads named C have the last word.
inline std::string nobody_sleeps() {
    for (int i = 0; i < the_machine().thread_count(); ++i)
        if (the_machine().sleeps(i)) return "lost wakeup: thread " + std::to_string(i) + " sleeps on a requested stop";
    return audit();
}

} // namespace explore::inline object_parts
