// SPDX-License-Identifier: MIT
// verify/fuzz/blocking_comparison.hpp: one program on several subjects, compared after every group of steps.
//
// Owns the subjects, the first of which is the kernel's. After a group each subject is brought to rest and must show an
// ending that the rules allow, with the poll mask of its count; where they allow one only, that is the same for all.
// Where several are allowed and subjects took different ones, the program ends there, and is counted. One thread.
#pragma once

#include "fuzz/blocking_program.hpp"
#include "fuzz/threaded_subject.hpp"

#include <optional>

namespace efd::fuzz {

struct blocking_tally {
    std::uint64_t programs = 0;
    std::uint64_t groups = 0; // compared
    std::uint64_t sole = 0;   // of these, with one ending allowed
    std::uint64_t parted = 0; // programs that ended early, with different endings that are all allowed
    std::uint64_t sleeps = 0; // calls that were seen asleep at the end of a group, of one subject
};

class blocking_comparison {
  public:
    explicit blocking_comparison(subjects of);

    // Nothing, or the program in words up to where it differs. After a difference the object is not to be used again:
    // calls may still be asleep.
    std::optional<std::string> run(byte_view program);
    [[nodiscard]] const blocking_tally& so_far() const { return tally_; }
    [[nodiscard]] const std::string& story() const { return story_; }

  private:
    using group = std::vector<blocking_step>;

    bool create(const blocking_program& of);
    group next_group(const std::vector<blocking_step>& steps, std::size_t& at) const;
    [[nodiscard]] bool allowed(const blocking_step& one, const group& so_far, std::size_t free_lanes) const;
    bool perform(const group& steps);
    bool toggle(const blocking_step& one);
    bool interrupt(const blocking_step& one);
    std::vector<call> act(threaded_subject& on, const group& steps) const;
    bool agree(const std::set<ending>& allowed, const std::vector<std::vector<call>>& own);
    std::optional<ending> ending_of(threaded_subject& on, const std::vector<call>& own,
                                    const std::set<ending>& allowed);
    bool differs(const std::string& what);
    bool release();

    std::vector<std::unique_ptr<threaded_subject>> subjects_;
    situation now_;
    blocking_tally tally_;
    std::string story_;
    std::string difference_;
    bool parted_ = false;
};

} // namespace efd::fuzz
