// SPDX-License-Identifier: MIT
// watch/member.cpp: see member.hpp.
//
//     bit        set by                 cleared by          wrongly set   wrongly clear
//     shut       a removal              an opening          never         never
//     numbers    enter, one more        exit, one less      never         never
#include "watch/member.hpp"

#include <efd/detail/base/check.hpp>

#include "os/futex.hpp"

namespace efd::watch {

// MEMBER_SHUT: entering and looking for the mark are one step; so are exiting and seeing that a removal waits.
bool member::enter() noexcept {
    if ((inside.fetch_add(1, base::acq_rel) & shut_mark) == 0) return true;
    exit();
    return false;
}

void member::exit() noexcept {
    const std::uint32_t before = inside.fetch_sub(1, base::acq_rel);
    EFD_CHECK((before & ~shut_mark) > 0);
    if (before == (shut_mark | 1U)) // the last, and a removal waits for that
        os::futex_wake_and_count(&inside, os::everybody, os::futex_scope::one_process);
}

void member::open() noexcept {
    [[maybe_unused]] const std::uint32_t before = inside.fetch_and(~shut_mark, base::acq_rel);
    EFD_CHECK((before & shut_mark) != 0);
}

shut_end member::shut() noexcept {
    if (core::in_callback != 0) { // no thread waits there, and none is turned away in vain
        std::uint32_t nobody = 0;
        if (inside.compare_exchange_strong(nobody, shut_mark, base::acq_rel, base::acquire)) return shut_end::shut;
        return (nobody & shut_mark) != 0 ? shut_end::was_not_open : shut_end::busy;
    }
    std::uint32_t seen = inside.fetch_or(shut_mark, base::acq_rel);
    if ((seen & shut_mark) != 0) return shut_end::was_not_open;
    seen |= shut_mark;
    while (seen != shut_mark) {
        (void)os::futex_wait(&inside, seen, core::forever, os::futex_scope::one_process);
        seen = inside.load(base::acquire);
        EFD_CHECK((seen & shut_mark) != 0); // only the thread that shut it opens it
    }
    return shut_end::shut;
}

} // namespace efd::watch
