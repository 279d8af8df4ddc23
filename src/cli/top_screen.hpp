// SPDX-License-Identifier: MIT
// cli/top_screen.hpp: the terminal of `efd top`, through ncurses.
//
// Owns the terminal while it lives: its end, a signal that ends the program, and (by a small process that outlives this
// one) a SIGKILL give the terminal back as it was. One thread. Where efd was built without ncurses there is none.
#pragma once

#include "cli/top_report.hpp"

#include <functional>

namespace efd::cli {

[[nodiscard]] bool has_top_screen();

struct top_options {
    double interval_s = 1;
    top_order order = top_order::signals;
    std::string wanted;
};

// Until the user quits; the status of the command.
int run_top_screen(const top_options& options, const std::function<top_look()>& look);

} // namespace efd::cli
