// SPDX-License-Identifier: MIT
// share/family.cpp: see family.hpp.
#include "share/family.hpp"

#include "os/process.hpp"
#include "share/arena.hpp"

#include <array>
#include <cerrno>

namespace efd::share {

using base::status;

namespace {

constexpr creation link_of_chain{.size = {.slots = family_slots, .processes = 256, .names = 1}};

// The arenas in the order in which they were made, without a gap; and which had room last.
constinit std::array<base::atomic<arena*>, family_arenas> chain{};
constinit base::atomic<std::uint32_t> with_room{0};
constinit base::atomic<std::uint32_t> joined_in{0}; // the number of the process that has looked at its life lines

// FAMILY. An arena is complete before it is in the chain. Of several threads that make one for the same place the first
// keeps it there, and the others give theirs back.
outcome begin_link(std::uint32_t at) noexcept {
    arena* fresh = nullptr;
    const outcome what = arena::create(link_of_chain, fresh);
    if (what.is_refused()) return chain[at].load(base::acquire) != nullptr ? outcome() : what;
    arena* none = nullptr;
    if (!chain[at].compare_exchange_strong(none, fresh, base::acq_rel, base::relaxed)) // FAMILY, publish
        fresh->put();
    return {};
}

// A child of a fork that no handler saw joins its parent's arenas, and a program that has closed its descriptors since
// the fork is noticed.
void join_all() noexcept {
    if (joined_in.load(base::relaxed) == os::process_number()) return;
    for (std::uint32_t at = 0; at < family_arenas; ++at)
        if (arena* const link = chain[at].load(base::acquire); link != nullptr) (void)link->is_alive();
    joined_in.store(os::process_number(), base::relaxed);
}

bool make_in(std::uint32_t at, std::uint64_t initval, unsigned flags, core::context*& made) noexcept {
    arena* const link = chain[at].load(base::acquire); // FAMILY, find
    return link != nullptr && link->make(initval, flags, made) == status::ok;
}

} // namespace

// An arena that is full is passed over, and so is one in which this process counts as dead, since its life line was
// closed (by closefrom for instance), or has no index.
outcome make_in_family(std::uint64_t initval, unsigned flags, core::context*& made) noexcept {
    join_all();
    if (make_in(with_room.load(base::relaxed), initval, flags, made)) return {};
    for (std::uint32_t at = 0; at < family_arenas; ++at) {
        if (chain[at].load(base::acquire) == nullptr)
            if (const outcome what = begin_link(at); what.is_refused()) return what;
        if (!make_in(at, initval, flags, made)) continue;
        with_room.store(at, base::relaxed);
        return {};
    }
    return {refusal::system, ENOSPC};
}

} // namespace efd::share
