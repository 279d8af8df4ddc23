// SPDX-License-Identifier: MIT
// cli/failure.cpp: see failure.hpp.
#include "cli/failure.hpp"

#include <cerrno>
#include <fmt/format.h>
#include <stdexcept>
#include <sys/resource.h>
#include <system_error>

namespace efd::cli {
namespace {

std::string limit(auto of) { // some libcs have a type of their own for it
    rlimit now{};
    if (::getrlimit(of, &now) != 0 || now.rlim_cur == RLIM_INFINITY) return "no limit";
    return std::to_string(now.rlim_cur);
}

} // namespace

std::string reason_of(int error) {
    const std::string name = std::generic_category().message(error);
    switch (error) {
    case EMFILE: return fmt::format("{} (the limit is {}; ulimit -n raises it)", name, limit(RLIMIT_NOFILE));
    case ENFILE: return name + " (the limit of the whole system: sysctl fs.file-max)";
    case EAGAIN:
        return fmt::format("{} (the limit on processes is {}; ulimit -u raises it)", name, limit(RLIMIT_NPROC));
    case E2BIG: return name + " (arguments and environment together)";
    default: return name;
    }
}

void broken(const std::string& what, int error) { throw std::runtime_error(what + ": " + reason_of(error)); }
void broken(const std::string& what) { broken(what, errno); }

} // namespace efd::cli
