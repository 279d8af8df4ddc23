// SPDX-License-Identifier: MIT
// cli/output.hpp: standard output, checked: what a command prints arrives, or the command fails.
//
// Everything that efd prints on standard output goes through print_out. Called by the main thread alone. Standard
// output that is full or closed is a std::system_error, which main reports on standard error; the exit status is
// then 3.
#pragma once

#include <string_view>

namespace efd::cli {

// Writes `text` and flushes it.
void print_out(std::string_view text);

// Throws if standard output is closed. For a command that works for long or opens descriptors before it prints: it
// fails at once, and none of its descriptors becomes standard output.
void expect_open_output();

} // namespace efd::cli
