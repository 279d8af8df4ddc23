// SPDX-License-Identifier: MIT
// bench/child.cpp: see child.hpp.
#include "bench/child.hpp"

#include <csignal>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace efd::bench {

double in_child(const std::function<double()>& measure) {
    int ends[2];
    if (::pipe(ends) != 0) throw std::runtime_error("no pipe to a child process");
    const pid_t child = ::fork();
    if (child == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        const double answer = measure();
        const bool told = ::write(ends[1], &answer, sizeof answer) == sizeof answer;
        ::_exit(told ? 0 : 1);
    }
    ::close(ends[1]);
    double answer = 0;
    const bool heard = child > 0 && ::read(ends[0], &answer, sizeof answer) == sizeof answer;
    ::close(ends[0]);
    if (child > 0) (void)::waitpid(child, nullptr, 0);
    if (!heard) throw std::runtime_error("a child process gave no answer");
    return answer;
}

} // namespace efd::bench
