// SPDX-License-Identifier: MIT
// verify/fuzz/play.cpp: see play.hpp.
#include "fuzz/play.hpp"

#include <efd/detail/core/context.hpp>

#include <array>

namespace efd::fuzz {
namespace {

constexpr std::uint64_t most = core::ceiling - 1;
constexpr std::size_t most_moves = 24;

constexpr std::array<std::uint64_t, 16> initial_counts{
    0, most, 0, 1, most - 1, 2, 0, most - 2, 3, core::packed_limit - 1, core::packed_limit, 0, most, 0, 5, most - 3};

constexpr std::array<deed, 16> deeds{deed::begin_read,  deed::begin_write, deed::write,           deed::read,
                                     deed::begin_read,  deed::begin_write, deed::signal,          deed::interrupt,
                                     deed::restart,     deed::nonblock_on, deed::nonblock_off,    deed::begin_read,
                                     deed::begin_write, deed::write,       deed::signal_deferred, deed::read};

using from = amount::from;
constexpr std::array<amount, 20> amounts{{{from::zero, 1},
                                          {from::zero, 0},
                                          {from::zero, 2},
                                          {from::zero, 3},
                                          {from::zero, 7},
                                          {from::bound, 0},
                                          {from::bound, 1},
                                          {from::bound, 2},
                                          {from::bound, std::uint64_t{0} - 1},
                                          {from::zero, most},
                                          {from::zero, most - 1},
                                          {from::zero, most - 2},
                                          {from::zero, core::ceiling},
                                          {from::seal, 0},
                                          {from::seal, std::uint64_t{0} - 1},
                                          {from::zero, 1},
                                          {from::zero, 2},
                                          {from::half, 0},
                                          {from::zero, 65},
                                          {from::zero, 1}}};

} // namespace

play decode_play(byte_view bytes_left) {
    const auto byte = [&]() -> unsigned {
        if (bytes_left.empty()) return 0;
        const unsigned first = bytes_left.front();
        bytes_left = bytes_left.subspan(1);
        return first;
    };
    play made;
    const unsigned how = byte();
    if ((how & 1) != 0) made.flags |= core::flag_semaphore;
    if ((how & 6) == 6) made.flags |= core::flag_nonblock;
    made.initval = initial_counts.at(byte() % initial_counts.size());
    while (!bytes_left.empty() && made.moves.size() < most_moves) {
        const unsigned operation = byte();
        play_move one;
        one.what = deeds.at(operation % deeds.size());
        one.patient = (operation & 16) != 0;
        one.which = (operation >> 5) & 3;
        one.together = operation >= 192;
        if (one.what == deed::write || one.what == deed::begin_write) one.by = amounts.at(byte() % amounts.size());
        made.moves.push_back(one);
    }
    return made;
}

std::string in_words(const play_move& of) {
    const std::string patient = of.patient ? ", with a far deadline" : "";
    switch (of.what) {
    case deed::begin_read: return "a thread begins read" + patient;
    case deed::begin_write: return "a thread begins write(" + in_words(of.by) + ")" + patient;
    case deed::read: return "try_read";
    case deed::write: return "try_write(" + in_words(of.by) + ")";
    case deed::signal: return "signal";
    case deed::signal_deferred: return "signal_deferred";
    case deed::interrupt: return "sleeper " + std::to_string(of.which) + " gets a signal";
    case deed::restart: return "sleeper " + std::to_string(of.which) + " gets a signal, SA_RESTART";
    case deed::nonblock_on: return "O_NONBLOCK on";
    case deed::nonblock_off: return "O_NONBLOCK off";
    }
    return "?";
}

} // namespace efd::fuzz
