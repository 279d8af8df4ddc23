// cli/terminal.hpp: what a terminal gets and a pipe does not: colour, and a line that tells how far we are.
//
// Called by the main thread alone. Invariant: what is written to something that is no terminal has no escape codes.
#pragma once

#include <string>
#include <string_view>

namespace efd::cli {

// Standard output is a terminal that wants colour (NO_COLOR is not set, TERM is not "dumb").
bool colour_wanted();
// Standard error is.
bool error_colour_wanted();

// One line on standard error, written over itself; silent if that is no terminal. Wiped at its end.
class progress_line {
  public:
    progress_line();
    ~progress_line();
    progress_line(const progress_line&) = delete;
    progress_line& operator=(const progress_line&) = delete;

    void tell(std::string_view text);

  private:
    bool visible_;
    std::string last_;
};

} // namespace efd::cli
