// SPDX-License-Identifier: MIT
// cli/terminal.hpp: what a terminal gets and a pipe does not: colour, and a line that moves.
//
// Called by the main thread alone. Invariant: what is written to something that is no terminal has no escape codes.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace efd::cli {

// Standard output is a terminal that wants colour (NO_COLOR is not set, TERM is not "dumb").
bool colour_wanted();
// Standard error is.
bool error_colour_wanted();

// How far we are, on standard error. A terminal gets one line, no wider than itself, which is written over and wiped at
// the end. Anything else gets a plain line whenever ten seconds have passed since the one before.
class progress_line {
  public:
    progress_line();
    ~progress_line();
    progress_line(const progress_line&) = delete;
    progress_line& operator=(const progress_line&) = delete;

    void tell(std::string_view text);
    // Before something else is written to the terminal.
    void wipe();

  private:
    using clock = std::chrono::steady_clock;

    bool moves_;
    std::string last_;
    clock::time_point said_ = clock::now();
};

// What fits into one line of so many columns, which may be 0 for "unknown".
std::string_view cut_to_width(std::string_view text, int columns);

} // namespace efd::cli
