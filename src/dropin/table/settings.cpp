// SPDX-License-Identifier: MIT
// dropin/table/settings.cpp: reports a wrong variable EFD_DROPIN* where `efd run` has not.
//
// Three rules keep the report out of the way. It goes to a terminal only, since another program may read a program's
// standard error. Only the leader of a process group writes it, since otherwise every command of a build would repeat
// it. It is written before main, while number 2 is still the standard error that the program was started with.
#include "dropin/table/settings.hpp"

#include "dropin/rules/raw_call.hpp"
#include "dropin/table/plain_text.hpp"
#include "dropin/table/region.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

namespace efd::dropin {
namespace {

bool is_heard() noexcept {
    termios ignored{};
    return raw_call(SYS_ioctl, STDERR_FILENO, TCGETS, &ignored) == 0 &&
           raw_call(SYS_getpgid, 0) == raw_call(SYS_getpid);
}

bool is_region(const char* path) noexcept {
    const long fd = raw_call(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0);
    if (is_error(fd)) return false;
    struct stat found{};
    const bool fits = raw_call(SYS_newfstatat, fd, "", &found, AT_EMPTY_PATH) == 0 &&
                      found.st_size == static_cast<off_t>(sizeof(region));
    (void)raw_call(SYS_close, fd);
    return fits;
}

void report(std::string_view name, const char* value, const char* fault) noexcept {
    char line[256];
    const int length = std::snprintf(line, sizeof line, "efd: %.*s is '%.60s': %s\n", static_cast<int>(name.size()),
                                     name.data(), value, fault);
    if (length > 0) (void)raw_call(SYS_write, STDERR_FILENO, line, std::strlen(line));
}

} // namespace

void report_wrong_settings(const char* const* environment) noexcept {
    for (const char* const* at = environment; at != nullptr && *at != nullptr; ++at) {
        if (!is_text(*at, settings_prefix.size(), settings_prefix.data())) continue;
        const char* const mark = std::strchr(*at, '=');
        if (mark == nullptr) continue;
        const std::string_view name(*at, static_cast<std::size_t>(mark - *at));
        const char* const value = mark + 1;
        const bool is_by_hand = name == "EFD_DROPIN_REGION" && *value != '\0' && !is_made_by_efd_run(value);
        const char* const fault = is_by_hand && !is_region(value) ? region_fault : fault_of(name, value);
        if (fault == nullptr) continue;
        if (std::getenv(already_reported) != nullptr || !is_heard()) return;
        report(name, value, fault);
    }
}

} // namespace efd::dropin
