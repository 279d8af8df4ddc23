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

constexpr std::string_view settings_prefix = "EFD_DROPIN";
// Set when a wrong variable has been reported: no `efd run` of that tree reports one again.
constexpr const char* already_reported = "EFD_DROPIN_REPORTED";

// The fault of the variable, and its consequence; null: none. Does not check that the file of EFD_DROPIN_REGION can be
// opened.
constexpr const char* fault_of_value(std::string_view name, std::string_view value) noexcept {
    if (value.empty()) return nullptr;
    if (name == "EFD_DROPIN")
        return dropin::is_on(value) || dropin::is_off(value) ? nullptr
                                                             : "it may be on, off, 1 or 0; the drop-in stays off";
    if (name == "EFD_DROPIN_PROFILE") {
        dropin::profile ignored{};
        return dropin::read_profile(value, ignored) ? nullptr : "it may be strict, default or eager; default is used";
    }
    if (name == "EFD_DROPIN_ALLOW" || name == "EFD_DROPIN_DENY")
        return value.size() < dropin::most_patterns ? nullptr : "it may have at most 1023 bytes; the drop-in stays off";
    if (name == "EFD_DROPIN_LIBRARY" || name == "EFD_DROPIN_REGION" || name == already_reported) return nullptr;
    return "there is no such variable, so it has no effect";
}
static_assert(dropin::most_patterns == 1024); // as the sentence says
static_assert(fault_of_value("EFD_DROPIN", "off") == nullptr && fault_of_value("EFD_DROPIN", "no") != nullptr);
static_assert(fault_of_value("EFD_DROPIN_PROFILE", "eager") == nullptr &&
              fault_of_value("EFD_DROPIN_PROFILE", "bold") != nullptr);
static_assert(fault_of_value("EFD_DROPIN_PROFILE", "") == nullptr &&
              fault_of_value("a name of no variable", "x") != nullptr);

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
    // `efd run` names its region by its own process. When that has ended, the name leads nowhere, which is no user's
    // fault.
    const bool is_by_hand =
        name == "EFD_DROPIN_REGION" && *value != '\0' && !std::string_view(value).starts_with("/proc/");
    if (is_by_hand && !is_region(value))
        return "it is no file of the right size that can be opened; nothing is counted there";
    return fault_of_value(name, value);
}

} // namespace

void report_wrong_settings() {
    if (std::getenv(already_reported) != nullptr) return;
    bool is_wrong = false;
    for (char** at = ::environ; *at != nullptr; ++at) {
        const std::string_view entry(*at);
        const std::size_t mark = entry.find('=');
        if (!entry.starts_with(settings_prefix) || mark == std::string_view::npos) continue;
        const std::string_view name = entry.substr(0, mark);
        const char* const fault = fault_of(name, *at + mark + 1);
        if (fault == nullptr) continue;
        is_wrong = true;
        constexpr std::size_t most_of_a_value = 60;
        const std::string said =
            fmt::format("efd: {} is '{}': {}\n", name, shortened(entry.substr(mark + 1), most_of_a_value), fault);
        std::fputs(said.c_str(), stderr); // may be closed or full; the exit status stays
    }
    if (is_wrong) set_environment(already_reported, "1");
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
