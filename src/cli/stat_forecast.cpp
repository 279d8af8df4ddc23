// SPDX-License-Identifier: MIT
// cli/stat_forecast.cpp: see stat_forecast.hpp.
#include "cli/stat_forecast.hpp"

#include "dropin/rules/evidence.hpp"

namespace efd::cli {

void dropin_forecast::demote(dropin::reason why) {
    if (state_ == state::demoted) return;
    if (cached_ > 0) ++flushes_;
    cached_ = 0;
    state_ = state::demoted;
    demoted_for_ = why;
}

void dropin_forecast::write(std::uint64_t value) {
    if (value >> 32 != 0) demote(dropin::reason::huge);
    if (state_ == state::promoted && is_filled_ && readers_ == 0 && value > 0) {
        ++saved_writes_;
        cached_ += value;
    } else if (state_ == state::promoted) {
        is_filled_ = is_filled_ || (readers_ == 0 && value > 0);
    } else if (state_ == state::awaits_evidence && !is_unread_) {
        is_unread_ = true;
    } else if (state_ == state::awaits_evidence) {
        ++useful_;
        ++redundant_;
    }
}

bool dropin_forecast::begin_read(pid_t thread, bool is_semaphore) {
    if (state_ == state::promoted) weigh();
    if (state_ == state::promoted) return begin_promoted(thread, is_semaphore);
    if (state_ == state::awaits_evidence) return begin_alone(thread, is_semaphore);
    ++uncached_reads_;
    return false;
}

// Where too few of 1024 reads found cached units, evidence is awaited again.
void dropin_forecast::weigh() {
    if (reads_ < dropin::reads_weighed) return;
    const bool is_worth_it = useful_ >= dropin::reads_weighed / 16;
    reads_ = 0;
    useful_ = 0;
    if (is_worth_it || cached_ > 0 || readers_ > 0) return;
    state_ = state::awaits_evidence;
    is_unread_ = false;
}

bool dropin_forecast::begin_promoted(pid_t thread, bool is_semaphore) {
    ++reads_;
    if (cached_ > 0) ++useful_;
    if (is_semaphore && cached_ > 0) {
        ++saved_reads_;
        --cached_;
        return false;
    }
    ++uncached_reads_;
    if (!is_semaphore && readers_ > 0 && reader_ != thread) {
        demote(dropin::reason::several);
        return false;
    }
    ++readers_;
    reader_ = thread;
    is_filled_ = false;
    cached_ = 0; // a read of a counter takes them with the kernel's part
    return true;
}

bool dropin_forecast::begin_alone(pid_t thread, bool is_semaphore) {
    if (reader_ == 0) reader_ = thread;
    if (reader_ == thread && readers_ == 0 && useful_ >= dropin::useful_enough && reads_ >= dropin::reads_enough) {
        state_ = state::promoted;
        was_promoted_ = true;
        reads_ = 0;
        useful_ = 0;
        return begin_promoted(thread, is_semaphore);
    }
    ++uncached_reads_;
    if (reader_ != thread) {
        demote(dropin::reason::several);
        return false;
    }
    ++readers_;
    is_unread_ = false;
    ++reads_;
    return true;
}

void dropin_forecast::end_read() {
    if (readers_ > 0) --readers_;
}

} // namespace efd::cli
