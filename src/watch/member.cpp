// SPDX-License-Identifier: MIT
// watch/member.cpp: see member.hpp.
//
//     bit        set by                 cleared by          wrongly set   wrongly clear
//     shut       a removal              an opening          never         never
//     the rest   as in presence.hpp: enter comes, exit leaves
#include "watch/member.hpp"

#include <efd/detail/base/check.hpp>

#include "os/futex.hpp"

namespace efd::watch {

// MEMBER_SHUT: entering and looking for the mark are one step; so are exiting and seeing that a removal waits.
bool member::enter(std::uint32_t& visit) noexcept {
    visit = inside.fetch_add(1, base::acq_rel);
    if ((visit & shut_mark) == 0) return true;
    exit(visit);
    return false;
}

void member::exit(std::uint32_t visit) noexcept {
    const std::uint32_t before = presence::leave(inside, visit);
    if ((before & ~presence::generation_mask) == (shut_mark | 1U)) // the last, and a removal waits for that
        os::futex_wake_and_count(&inside, os::everybody, os::futex_scope::one_process);
}

void member::open() noexcept {
    [[maybe_unused]] const std::uint32_t before = inside.fetch_and(~shut_mark, base::acq_rel); // MEMBER_SHUT, open
    EFD_CHECK((before & shut_mark) != 0);
}

shut_end member::shut() noexcept {
    if (core::in_callback != 0) { // no thread waits there, and none is turned away in vain
        std::uint32_t nobody = inside.load(base::relaxed) & presence::generation_mask;
        // MEMBER_SHUT, shut
        if (inside.compare_exchange_strong(nobody, nobody | shut_mark, base::acq_rel, base::acquire))
            return shut_end::shut;
        return (nobody & shut_mark) != 0 ? shut_end::was_not_open : shut_end::busy;
    }
    std::uint32_t word = inside.fetch_or(shut_mark, base::acq_rel); // MEMBER_SHUT, shut
    if ((word & shut_mark) != 0) return shut_end::was_not_open;
    word |= shut_mark;
    while (presence::number_in(word) != 0) {
        (void)os::futex_wait(&inside, word, core::forever, os::futex_scope::one_process);
        word = inside.load(base::acquire);
        EFD_CHECK((word & shut_mark) != 0); // only the thread that shut it opens it
    }
    return shut_end::shut;
}

} // namespace efd::watch
