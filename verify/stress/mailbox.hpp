// SPDX-License-Identifier: MIT
// verify/stress/mailbox.hpp: objects that are born, written to once by a stranger, and destroyed by their reader at
// once.
//
// The stranger has no reference: it is inside its signal while the reader destroys the object (LAST_PUT). Owns the
// pointers handed over, nothing else. Invariant: a thread that takes a pointer out writes to that object exactly once;
// a thread that cannot withdraw its own pointer must wait for that write.
#pragma once

#include "linearize/dice.hpp"

#include <efd/efd.h>
#include <efd/eventfd.hpp>

#include <array>
#include <atomic>

namespace efd::stress {

class mailbox {
  public:
    // The slot it was put into, or null if all are taken.
    std::atomic<core::context*>* post(core::context* object) {
        for (auto& slot : slots_) {
            core::context* none = nullptr;
            if (slot.compare_exchange_strong(none, object)) return &slot;
        }
        return nullptr;
    }
    // Writes once to each object that waits for it, in one of the ways there are.
    void serve(linearize::dice& d) {
        for (auto& slot : slots_)
            if (core::context* const object = slot.exchange(nullptr)) give(object, d);
    }

  private:
    static void give(core::context* object, linearize::dice& d) {
        auto* const c_object = reinterpret_cast<efd_t*>(object);
        switch (d.below(6)) {
        case 0: (void)object->signal(); break;
        case 1: (void)object->signal_deferred(); break;
        case 2: (void)object->write(1); break;
        case 3: (void)object->write(core::packed_limit); break; // seals it under its sleeper
        case 4: (void)efd_signal(c_object); break;
        default: (void)efd_write(c_object, 1); break;
        }
    }

    std::array<std::atomic<core::context*>, 4> slots_{};
};

} // namespace efd::stress
