// SPDX-License-Identifier: MIT
// cli/top_screen.hpp: the terminal of `efd top`, through ncurses.
//
// Owns the terminal while it runs, and restores it at its end and when a signal ends the program; after SIGKILL a small
// process that outlives this one restores it. One thread. If efd was built without ncurses there is no screen.
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
