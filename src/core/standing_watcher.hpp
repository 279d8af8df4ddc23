// core/standing_watcher.hpp: a watcher that is told of every change without a lock, a queue or a reference.
//
// It serves those who watch very many objects (watch/wait_set.hpp). The price is a hard rule: its memory never goes
// away, and being told at any time, also after it was detached, about an object that is no longer its own, must be
// harmless. One object has room for one; told from any thread, also from signal handlers.
#pragma once

#include <cstdint>

namespace efd::core {

struct standing_watcher {
    // key: poll_in after an add, poll_out after a read, as for entries of the wait queue.
    using function = void (*)(standing_watcher& told, std::uint32_t key);
    function tell = nullptr;
};

} // namespace efd::core
