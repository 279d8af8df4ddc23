// SPDX-License-Identifier: MIT
// cli/living_thread.hpp: the threads of a process, and one that has not ended.
//
// The first thread of a process may end before the others do, by pthread_exit in main. /proc/PID then shows neither
// memory nor descriptors until the process ends; the directories of its other threads, /proc/TID, show both. `root` is
// a tree that is made as /proc is. Threads may end between any two steps. May be called by any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace efd::cli {

// From the least number on; none if the process is gone.
[[nodiscard]] std::vector<std::uint32_t> threads_of(const std::string& root, std::uint32_t process);

// It has ended, and is not reaped yet.
[[nodiscard]] bool is_ended_thread(const std::string& root, std::uint32_t process, std::uint32_t thread);

// The first thread if it has not ended, else one of the others.
[[nodiscard]] std::optional<std::uint32_t> living_thread_of(const std::string& root, std::uint32_t process);

} // namespace efd::cli
