// SPDX-License-Identifier: MIT
// cli/output.hpp: checked standard output: what a command prints arrives, or the command fails.
//
// Everything that efd prints on standard output goes through print_out. Called by the main thread only. If standard
// output is full or closed, std::system_error is thrown; main reports it on standard error, and the exit status is 3.
#pragma once

#include <string_view>

namespace efd::cli {

// Writes `text` and flushes it.
void print_out(std::string_view text);

// Throws if standard output is closed. A command that works for long or opens descriptors before it prints calls this
// first: it fails at once, and none of its descriptors becomes standard output.
void expect_open_output();

} // namespace efd::cli
