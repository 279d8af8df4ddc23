// SPDX-License-Identifier: MIT
// watch/set_front.hpp: what the inline half of a wait_set looks at: is anything ready at all.
//
// Owns nothing; the set's first member. `top` is the word whose lower half is not zero while a member may be ready, and
// moves once the set has grown; once the kernel must be asked as well it is a word that is never empty. In the child of
// a fork the set is not as it was: then `home` differs from the number of the process, until a call has repaired the
// set.
#pragma once

#include <efd/detail/base/atomic.hpp>

#include <cstdint>

namespace efd::EFD_ABI {

struct set_front {
    base::atomic<const base::atomic<std::uint64_t>*> top{nullptr};
    base::atomic<std::uint32_t> home{0}; // the process that it was made in, or has come home to
    const base::atomic<std::uint32_t>* process_word =
        nullptr; // its number now, src/os/process.hpp; null: it never forks

    static constexpr bool is_empty(std::uint64_t word) noexcept { return static_cast<std::uint32_t>(word) == 0; }
    [[nodiscard]] bool surely_nothing() const noexcept {
        return is_empty(top.load(base::acquire)->load(base::acquire)) &&
               (process_word == nullptr || process_word->load(base::relaxed) == home.load(base::relaxed));
    }
};

} // namespace efd::EFD_ABI
