// SPDX-License-Identifier: MIT
// tests/support/child.hpp: a body that runs in the child of a fork, and how that ended.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace efd::tests {

// What the body returned; below zero: the signal that ended the child.
template <class Body>
int status_of_child(Body body) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(body());
    int status = -1;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

} // namespace efd::tests
