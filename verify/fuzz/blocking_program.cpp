// SPDX-License-Identifier: MIT
// verify/fuzz/blocking_program.cpp: see blocking_program.hpp.
#include "fuzz/blocking_program.hpp"

#include <efd/detail/core/context.hpp>

#include <array>

namespace efd::fuzz {
namespace {

constexpr std::uint64_t most = core::ceiling - 1;
constexpr std::size_t most_blocking_steps = 24;

constexpr std::array<std::uint64_t, 16> initial_counts{
    0, most, 0, 1, most - 1, 2, 0, most - 2, 3, core::packed_limit - 1, core::packed_limit, 0, most, 0, 5, most - 3};

constexpr std::array<step_kind, 16> step_kinds{
    step_kind::begin_read,  step_kind::begin_write, step_kind::write,           step_kind::read,
    step_kind::begin_read,  step_kind::begin_write, step_kind::signal,          step_kind::interrupt,
    step_kind::restart,     step_kind::nonblock_on, step_kind::nonblock_off,    step_kind::begin_read,
    step_kind::begin_write, step_kind::write,       step_kind::signal_deferred, step_kind::read};

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

blocking_program decode_blocking_program(byte_view bytes_left) {
    const auto byte = [&]() -> unsigned {
        if (bytes_left.empty()) return 0;
        const unsigned first = bytes_left.front();
        bytes_left = bytes_left.subspan(1);
        return first;
    };
    blocking_program made;
    const unsigned how = byte();
    if ((how & 1) != 0) made.flags |= core::flag_semaphore;
    if ((how & 6) == 6) made.flags |= core::flag_nonblock;
    made.initval = initial_counts.at(byte() % initial_counts.size());
    while (!bytes_left.empty() && made.steps.size() < most_blocking_steps) {
        const unsigned operation = byte();
        blocking_step one;
        one.what = step_kinds.at(operation % step_kinds.size());
        one.patient = (operation & 16) != 0;
        one.which = (operation >> 5) & 3;
        one.together = operation >= 192;
        if (one.what == step_kind::write || one.what == step_kind::begin_write)
            one.by = amounts.at(byte() % amounts.size());
        made.steps.push_back(one);
    }
    return made;
}

std::string in_words(const blocking_step& of) {
    const std::string patient = of.patient ? ", with a far deadline" : "";
    switch (of.what) {
    case step_kind::begin_read: return "a thread begins read" + patient;
    case step_kind::begin_write: return "a thread begins write(" + in_words(of.by) + ")" + patient;
    case step_kind::read: return "try_read";
    case step_kind::write: return "try_write(" + in_words(of.by) + ")";
    case step_kind::signal: return "signal";
    case step_kind::signal_deferred: return "signal_deferred";
    case step_kind::interrupt: return "sleeper " + std::to_string(of.which) + " gets a signal";
    case step_kind::restart: return "sleeper " + std::to_string(of.which) + " gets a signal, SA_RESTART";
    case step_kind::nonblock_on: return "O_NONBLOCK on";
    case step_kind::nonblock_off: return "O_NONBLOCK off";
    }
    return "?";
}

} // namespace efd::fuzz
