// SPDX-License-Identifier: MIT
// cli/output.cpp: see output.hpp.
#include "cli/output.hpp"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>

namespace efd::cli {
namespace {

[[noreturn]] void cannot_write(int why) {
    throw std::system_error(why, std::generic_category(), "cannot write to standard output");
}

} // namespace

void print_out(std::string_view text) {
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
        cannot_write(errno);
}

void expect_open_output() {
    const int flags = ::fcntl(STDOUT_FILENO, F_GETFL);
    if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY) cannot_write(EBADF);
}

} // namespace efd::cli
