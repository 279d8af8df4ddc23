// SPDX-License-Identifier: MIT
// core/wait_queue_fork.cpp: a wait queue in the child of a fork, repaired by the first thread that comes to it.
//
// In the child no thread but the one that forked exists: another holder cannot let go, and its last step may have been
// anywhere. core/fork_repair.hpp says which thread repairs it, and which wait for that.
#include "core/deferred.hpp"
#include "core/wait_queue.hpp"
#include "core/wait_queue_word.hpp"

namespace efd::EFD_ABI::core {
namespace {

// In the child of a fork, of what was signed in a former process, or before that one.
bool is_me(const void* signed_by, std::uint32_t former) noexcept {
    const std::uint32_t born_in = deferred.born_in.load(base::relaxed);
    return signed_by == &deferred && born_in != 0 && born_in <= former;
}

} // namespace

// FORK. The wakes that a lost holder was running are left in the word once more, and one of each kind besides. No
// thread of the child holds the queue yet.
void wait_queue::repair(std::uint32_t former) noexcept {
    const std::uint64_t word = word_.load(base::acquire);
    std::uint64_t left = word;
    const bool is_about_to_sign = deferred.signing.load(base::relaxed) == this;
    if (!is_me(owing_.load(base::relaxed), former) && !is_about_to_sign) left &= ~owed_mark;
    if ((word & held_mark) != 0 && !is_me(holder_.load(base::relaxed), former)) { // else it forked inside a callback
        cursor_ = nullptr;
        repair_list();
        after_write_.walked = after_write_.taken.load(base::relaxed);
        after_read_.walked = after_read_.taken.load(base::relaxed);
        left &= ~(held_mark | contended_mark);
        for (std::uint64_t i = 0; i <= running_; ++i) left = one_more(one_more(left, poll_in), poll_out);
        running_ = 0;
        holder_.store(nullptr, base::relaxed);
    }
    word_.store(left, base::release);
}

// The list as it is read forward is right at any step of link and remove; all else follows from that. An entry that was
// being removed is in it still, or has left; those that were being taken in are taken in.
void wait_queue::repair_list() noexcept {
    wait_queue_entry* last = nullptr;
    bool is_leaving = leaving_ != nullptr;
    for (wait_queue_entry* entry = head_; entry != nullptr; entry = entry->next) {
        entry->previous = last;
        entry->is_linked = true;
        entry->queue = this;
        last = entry;
        if (entry == leaving_) is_leaving = false;
    }
    tail_ = last;
    if (is_leaving) let_leave(*leaving_);
    leaving_ = nullptr;
    for (wait_queue_entry* entry = joining_.load(base::acquire); entry != nullptr; entry = entry->next)
        if (entry == arrived_) arrived_ = nullptr; // they are to be taken yet
    link_arrived();
    has_entries_.store(head_ != nullptr, base::relaxed);
}

} // namespace efd::EFD_ABI::core
