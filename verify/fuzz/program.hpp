// SPDX-License-Identifier: MIT
// verify/fuzz/program.hpp: what a byte string means as a program of operations on up to four objects.
//
// Owns the decoding, which every way of fuzzing shares, and the words for a step that a person reads. Any byte string
// is a program: an operation byte (which act, on which handle), then what the act needs; missing bytes are zero. What a
// write adds is chosen at the edges, or relative to the count that is there when the step runs.
// Invariant: decoding depends on the bytes alone, so that a replay is the same program. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace efd::fuzz {

using bytes = std::vector<std::uint8_t>;
using byte_view = std::span<const std::uint8_t>;

enum class act : std::uint8_t {
    read,
    write,
    read_some,
    try_read,
    try_write,
    read_expired, // until a deadline in the past
    write_expired,
    signal,
    signal_deferred,
    create,
    duplicate,
    close,
    nonblock_on,
    nonblock_off,
    watch,
    unwatch,
    unwatch_and_read,
    look, // count, flags and poll of every handle
};

// A number to add: fixed, or `offset` beyond what would bring the present count to an edge.
struct amount {
    enum class from : std::uint8_t { zero, bound, seal, word, half };
    from edge = from::zero;
    std::uint64_t offset = 0;

    [[nodiscard]] std::uint64_t at(std::uint64_t count) const noexcept;
};

struct step {
    act what = act::read;
    unsigned handle = 0; // the how-manieth of the handles that are there
    amount by;           // write: what to add; read_some: the most; create: the initial value
    unsigned flags = 0;  // create: flags; watch: the mask
    bool wide = false;   // create: the initial value has 64 bits
};

// Gives the steps of a program one after the other.
class decoder {
  public:
    explicit decoder(byte_view program) : left_(program) {}
    bool next(step& into) noexcept;

  private:
    std::uint8_t byte() noexcept;
    std::uint64_t number(unsigned length) noexcept;
    amount what_to_add() noexcept;
    unsigned creation_flags() noexcept;
    void operands(step& of) noexcept;

    byte_view left_;
};

// A step in words; `handle` is the one it came to be for.
std::string in_words(const step& of, unsigned handle);
std::string in_words(const amount& of);
std::string flags_in_words(unsigned flags);
std::string number_in_words(std::uint64_t number);

// Two digits for each byte, and back.
std::string hex_of(byte_view program);

} // namespace efd::fuzz
