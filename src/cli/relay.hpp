// cli/relay.hpp: a child that runs as if whoever started this process had started it.
//
// This process stands between the two only to learn how the child ends. The child is in the same process group and on
// the same terminal. Every signal is blocked here and taken one at a time, and each goes one of three ways:
//
//     the whole process group got it      nobody needs to be sent anything
//     the child or a descendant sent it   it was meant for the child's parent: it goes to this process's parent
//     anybody else sent it                it was meant for the program: it goes to the child
//
// When the child stops, so does this process. SIGKILL and SIGSTOP that are sent to this process alone cannot be
// relayed. For a process with one thread.
#pragma once

#include <functional>

namespace efd::cli {

// Forks, runs `program` in the child, and returns the child's wait status. `program` must not return. The signal mask
// and the action of SIGCHLD are those of before in the child, and here after the return.
[[nodiscard]] int run_relayed(const std::function<void()>& program);

} // namespace efd::cli
