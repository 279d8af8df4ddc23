// SPDX-License-Identifier: MIT
// cli/wrong_settings.cpp: see wrong_settings.hpp.
#include "cli/wrong_settings.hpp"

#include "cli/preload.hpp"
#include "cli/text.hpp"
#include "dropin/table/region.hpp"
#include "dropin/table/settings.hpp"

#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace efd::cli {
namespace {

std::string_view value_of(const char* name) {
    const char* const value = std::getenv(name);
    return value == nullptr ? std::string_view() : value;
}

bool is_region(const char* path) {
    const int fd = ::open(path, O_RDWR | O_CLOEXEC);
    struct stat found{};
    const bool fits =
        fd >= 0 && ::fstat(fd, &found) == 0 && found.st_size == static_cast<off_t>(sizeof(dropin::region));
    if (fd >= 0) ::close(fd);
    return fits;
}

const char* fault_of(std::string_view name, const char* value) {
    const bool is_by_hand = name == "EFD_DROPIN_REGION" && *value != '\0' && !dropin::is_made_by_efd_run(value);
    if (is_by_hand && !is_region(value)) return dropin::region_fault;
    return dropin::fault_of(name, value);
}

} // namespace

void report_wrong_settings() {
    if (std::getenv(dropin::already_reported) != nullptr) return;
    bool is_wrong = false;
    for (char** at = ::environ; *at != nullptr; ++at) {
        const std::string_view entry(*at);
        const std::size_t mark = entry.find('=');
        if (!entry.starts_with(dropin::settings_prefix) || mark == std::string_view::npos) continue;
        const std::string_view name = entry.substr(0, mark);
        const char* const fault = fault_of(name, *at + mark + 1);
        if (fault == nullptr) continue;
        is_wrong = true;
        constexpr std::size_t most_of_a_value = 60;
        const std::string said =
            fmt::format("efd: {} is '{}': {}\n", name, shortened(entry.substr(mark + 1), most_of_a_value), fault);
        std::fputs(said.c_str(), stderr); // which may be closed or full: that is no reason to end otherwise
    }
    if (is_wrong) set_environment(dropin::already_reported, "1");
}

std::string effective_profile() {
    dropin::profile ignored{};
    const std::string_view set = value_of("EFD_DROPIN_PROFILE");
    return std::string(dropin::read_profile(set, ignored) ? set : "default");
}

bool is_switched_off() {
    return !dropin::is_on(value_of("EFD_DROPIN")) || value_of("EFD_DROPIN_ALLOW").size() >= dropin::most_patterns ||
           value_of("EFD_DROPIN_DENY").size() >= dropin::most_patterns;
}

} // namespace efd::cli
