// SPDX-License-Identifier: MIT
// verify/fuzz/stage.hpp: one play on several crews, compared after every group of moves.
//
// Owns the crews, the first of which is the kernel's. After a group each crew is brought to rest and must show an
// ending that the rules allow, with the poll mask of its count; where they allow one only, that is the same for all.
// Where several are allowed and crews took different ones, the play ends there, and is counted. One thread.
#pragma once

#include "fuzz/crew.hpp"
#include "fuzz/play.hpp"

#include <optional>

namespace efd::fuzz {

struct stage_tally {
    std::uint64_t plays = 0;
    std::uint64_t groups = 0; // compared
    std::uint64_t sole = 0;   // of these, with one ending allowed
    std::uint64_t parted = 0; // plays that ended early, with different endings that are all allowed
    std::uint64_t sleeps = 0; // calls that were seen asleep at the end of a group, of one crew
};

class stage {
  public:
    explicit stage(std::vector<std::unique_ptr<subject>> of);

    // Nothing, or the play in words up to where it differs. After a difference the stage is not to be used again: calls
    // may still be asleep.
    std::optional<std::string> run(byte_view program);
    [[nodiscard]] const stage_tally& so_far() const { return tally_; }
    [[nodiscard]] const std::string& story() const { return story_; }

  private:
    using group = std::vector<play_move>;

    bool create(const play& of);
    group next_group(const std::vector<play_move>& moves, std::size_t& at) const;
    [[nodiscard]] bool allowed(const play_move& one, const group& so_far, std::size_t free_lanes) const;
    bool perform(const group& moves);
    bool toggle(const play_move& one);
    bool interrupt(const play_move& one);
    std::vector<call> act(crew& on, const group& moves) const;
    bool agree(const std::set<ending>& allowed, const std::vector<std::vector<call>>& own);
    std::optional<ending> seen_of(crew& on, const std::vector<call>& own, const std::set<ending>& allowed);
    bool differs(const std::string& what);
    bool release();

    std::vector<std::unique_ptr<crew>> crews_;
    situation now_;
    stage_tally tally_;
    std::string story_;
    std::string difference_;
    bool parted_ = false;
};

} // namespace efd::fuzz
