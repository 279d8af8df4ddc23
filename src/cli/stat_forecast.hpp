// SPDX-License-Identifier: MIT
// cli/stat_forecast.hpp: what the drop-in would do with one eventfd, simulated from the calls that a program made.
//
// It follows the rules of docs/dropin.md for the default profile (dropin/rules/evidence.hpp, cached_count.cpp). It
// makes no call and knows no clock. Calls must be given in the order in which they began. One thread.
#pragma once

#include "dropin/rules/slot.hpp"

#include <cstdint>
#include <sys/types.h>

namespace efd::cli {

class dropin_forecast {
  public:
    void write(std::uint64_t value);
    // True: end_read follows when the read has returned.
    [[nodiscard]] bool begin_read(pid_t thread, bool is_semaphore);
    void end_read();
    // For good; the first reason counts.
    void demote(dropin::reason why);

    [[nodiscard]] bool was_promoted() const { return was_promoted_; }
    [[nodiscard]] dropin::reason demoted_for() const { return demoted_for_; }
    [[nodiscard]] std::uint64_t writes_unread() const { return redundant_; } // before a promotion
    [[nodiscard]] std::uint64_t uncached_reads() const { return uncached_reads_; }
    [[nodiscard]] std::uint64_t saved_writes() const { return saved_writes_; }
    [[nodiscard]] std::uint64_t saved_reads() const { return saved_reads_; }
    [[nodiscard]] std::uint64_t flushes() const { return flushes_; } // system calls that the drop-in adds

  private:
    enum class state : unsigned char { awaits_evidence, promoted, demoted };

    void weigh();
    bool begin_promoted(pid_t thread, bool is_semaphore);
    bool begin_alone(pid_t thread, bool is_semaphore);

    state state_ = state::awaits_evidence;
    dropin::reason demoted_for_ = dropin::reason::none;
    bool was_promoted_ = false;
    bool is_unread_ = false; // awaiting evidence: a write came since the last read
    bool is_filled_ = false; // promoted: the kernel holds a unit that no reader has begun to read
    std::uint32_t readers_ = 0;
    pid_t reader_ = 0;
    std::uint32_t useful_ = 0;
    std::uint32_t reads_ = 0;
    std::uint64_t cached_ = 0;
    std::uint64_t redundant_ = 0;
    std::uint64_t uncached_reads_ = 0;
    std::uint64_t saved_writes_ = 0;
    std::uint64_t saved_reads_ = 0;
    std::uint64_t flushes_ = 0;
};

} // namespace efd::cli
