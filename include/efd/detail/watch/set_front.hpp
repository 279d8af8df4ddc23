// SPDX-License-Identifier: MIT
// watch/set_front.hpp: what the inline half of a wait_set looks at: is anything ready at all.
//
// Owns nothing; the base of set_core. `top` points to the word whose lower half is not zero while a member may be
// ready. It points to another word once the set has grown, and to a word that is never empty once the kernel must be
// asked as well. In the child of a fork the set is not as it was: `right_in` differs from the number of the process
// until a call has repaired the set.
#pragma once

#include <efd/detail/base/atomic.hpp>

#include <cstdint>

namespace efd::EFD_ABI::detail {

struct set_front {
    base::atomic<const base::atomic<std::uint64_t>*> top{nullptr};
    base::atomic<std::uint32_t> right_in{0}; // the process that it was made in, or was repaired in last
    // Where the number of the running process stands (src/os/process.hpp); null: it never forks.
    const base::atomic<std::uint32_t>* process_word = nullptr;

    static constexpr bool is_empty(std::uint64_t word) noexcept { return static_cast<std::uint32_t>(word) == 0; }
    [[nodiscard]] bool surely_nothing() const noexcept {
        return is_empty(top.load(base::acquire)->load(base::acquire)) &&
               (process_word == nullptr || process_word->load(base::relaxed) == right_in.load(base::relaxed));
    }
};

} // namespace efd::EFD_ABI::detail
