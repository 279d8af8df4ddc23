// SPDX-License-Identifier: MIT
// cli/living_thread.cpp: see living_thread.hpp.
#include "cli/living_thread.hpp"

#include "cli/proc_text.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <string_view>
#include <system_error>

namespace efd::cli {

std::vector<std::uint32_t> threads_of(const std::string& root, std::uint32_t process) {
    std::vector<std::uint32_t> threads;
    std::error_code error;
    std::filesystem::directory_iterator at(fmt::format("{}/{}/task", root, process), error);
    for (; !error && at != std::filesystem::directory_iterator(); at.increment(error)) {
        const auto number = number_in(at->path().filename().string());
        if (number && *number <= INT32_MAX) threads.push_back(static_cast<std::uint32_t>(*number));
    }
    std::sort(threads.begin(), threads.end());
    return threads;
}

bool is_ended_thread(const std::string& root, std::uint32_t process, std::uint32_t thread) {
    std::ifstream file(fmt::format("{}/{}/task/{}/stat", root, process, thread));
    std::array<char, 1024> text{}; // the command, with up to 15 characters, and some fifty numbers
    file.read(text.data(), text.size());
    return has_ended(std::string_view(text.data(), static_cast<std::size_t>(file.gcount())));
}

std::optional<std::uint32_t> living_thread_of(const std::string& root, std::uint32_t process) {
    if (!is_ended_thread(root, process, process)) return process;
    for (const std::uint32_t thread : threads_of(root, process))
        if (!is_ended_thread(root, process, thread)) return thread;
    return std::nullopt;
}

} // namespace efd::cli
