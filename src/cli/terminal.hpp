// SPDX-License-Identifier: MIT
// cli/terminal.hpp: what a terminal gets and a pipe does not: colour, and a progress line.
//
// Called by the main thread only. Invariant: output that is no terminal gets no escape codes.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace efd::cli {

// Whether standard output is a terminal that wants colour (NO_COLOR is not set, TERM is not "dumb").
bool colour_wanted();
// Whether standard error is a terminal.
bool error_colour_wanted();
// Of the terminal that standard output is; 80 where it is none, or does not say.
std::size_t output_columns();

// Progress on standard error. A terminal gets one line, no wider than itself, which is overwritten and wiped at the
// end. Other output gets a plain line every ten seconds.
class progress_line {
  public:
    progress_line();
    ~progress_line();
    progress_line& operator=(progress_line&&) = delete; // neither copied nor moved

    void tell(std::string_view text);
    // Call before other output to the terminal.
    void wipe();

  private:
    using clock = std::chrono::steady_clock;

    bool moves_;
    std::string last_;
    clock::time_point said_ = clock::now();
};

// What fits into one line of so many columns; 0: unknown.
std::string_view cut_to_width(std::string_view text, int columns);

} // namespace efd::cli
