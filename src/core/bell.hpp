// SPDX-License-Identifier: MIT
// core/bell.hpp: what a context knows of its doorbell, the one watcher that is notified of transitions alone.
//
// An entry of the wait queue hears of every wake. A doorbell hears of an add that found it armed, of the read that
// reaches zero, and of the end, so a burst of adds costs it nothing. It stands in the slot's wait queue and stays there
// for ever, attached to one object after the other. A thread that notifies it holds a reference to the object, so once
// the last reference is gone no thread is inside. Any thread, also from signal handlers. watch/doorbell.hpp is the only
// one.
#pragma once

#include <efd/detail/core/context.hpp>

#include <cstdint>

namespace efd::EFD_ABI::core {

struct bell {
    // key: poll_in after an add, with `left_zero` if it left zero; poll_out after a read; poll_hup at the end of the
    // object; `found_nothing` after a read that found zero.
    static constexpr std::uint32_t left_zero = 1U << 31;
    static constexpr std::uint32_t found_nothing = 1U << 30;
    using function = void (*)(bell& told, context& object, std::uint32_t key) noexcept;
    function tell = nullptr;
};

} // namespace efd::EFD_ABI::core
