// SPDX-License-Identifier: MIT
// verify/fuzz/comparison.hpp: the property. One program, run step by step on several subjects, comes to the same.
//
// Owns the comparison's own model of each object (its count by the rules of core/count.hpp, its flags, its observers),
// which decides what would sleep and so is left out, and what relative numbers mean. The first subject is the oracle;
// the others must give the same error and value, poll mask, event and count after every step, and the oracle must agree
// with the model, or what was left out was left out wrongly. One thread.
#pragma once

#include <efd/detail/core/count.hpp>

#include "fuzz/program.hpp"
#include "fuzz/subject.hpp"

#include <optional>
#include <string>

namespace efd::fuzz {

struct tally {
    std::uint64_t programs = 0;
    std::uint64_t steps = 0;   // compared
    std::uint64_t skipped = 0; // would have slept, or had nothing to act on
};

class comparison {
  public:
    explicit comparison(subjects compared);

    // Nothing, or the program in words up to the step that differs, and what differs. With `thorough` the kernel's
    // counts are looked at when the program ends too.
    std::optional<std::string> run(byte_view program, bool thorough);
    // Every step in words, with what it came to.
    std::string tell(byte_view program);

    [[nodiscard]] const tally& so_far() const { return tally_; }

  private:
    struct modelled {
        std::uint64_t count = 0;
        bool semaphore = false;
        bool nonblock = false;
        unsigned watched = 0; // the observer's mask, 0 without one
        unsigned handles = 0;
    };
    struct outcome {
        answer got;
        unsigned poll = 0;
        unsigned event = 0;
        std::uint64_t count = 0;
        bool counted = false;
        bool nonblock = false;
        bool operator==(const outcome& other) const {
            return got.error == other.got.error && got.value == other.got.value && poll == other.poll &&
                   event == other.event && nonblock == other.nonblock;
        }
    };

    void run_steps(byte_view program, bool thorough);
    void take(step s);
    void make(const step& s);
    void look_at_all(std::string_view when);
    void finish();
    [[nodiscard]] bool would_sleep(const step& s, unsigned handle) const;
    [[nodiscard]] bool kernel_would_differ(const step& s, unsigned object) const;
    answer act_on(subject& on, const step& s, unsigned handle, unsigned object);
    outcome see(subject& on, unsigned handle, unsigned object, bool look_closely);
    answer advance(const step& s, unsigned object);
    answer advance_write(modelled& of, std::uint64_t value, manner how) const;
    answer advance_read(modelled& of, manner how, std::uint64_t most = core::as_mode) const;
    void judge(const step& s, unsigned handle, const std::vector<outcome>& outcomes, const answer& model);
    void duplicate(unsigned from);
    void close(const step& s, unsigned handle);
    [[nodiscard]] unsigned living(unsigned how_manieth) const;
    [[nodiscard]] static std::string in_words(const outcome& of);

    subjects subjects_;
    tally tally_;
    std::array<int, most_handles> object_of_{};
    std::array<modelled, most_objects> objects_{};
    std::string story_; // written if wanted
    std::string differs_;
    bool telling_ = false;
    bool over_ = false;
    bool thorough_ = false;
    std::uint64_t number_ = 0;
    std::vector<outcome> outcomes_; // kept between steps, so that a step allocates nothing
};

} // namespace efd::fuzz
