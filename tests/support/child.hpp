// SPDX-License-Identifier: MIT
// tests/support/child.hpp: runs a body in the child of a fork, and returns how that ended.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

// Where coverage is counted (cmake/coverage.cmake): writes the counters, which _exit does not.
extern "C" void __gcov_dump(void) __attribute__((weak)); // NOLINT(bugprone-reserved-identifier): gcc's name

namespace efd::tests {

// Ends the child of a fork.
[[noreturn]] inline void end_child(int status) {
    if (__gcov_dump != nullptr) __gcov_dump();
    ::_exit(status);
}

// The body's result; below zero: the signal that ended the child.
template <class Body>
int status_of_child(Body body) {
    const pid_t child = ::fork();
    if (child == 0) end_child(body());
    int status = -1;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

} // namespace efd::tests
