// os/stop.cpp: base::stop needs write(2), so its body stands behind the system call door.
#include "base/stop.hpp"

#include <cstdlib>
#include <cstring>
#include <unistd.h>

namespace efd::base {

void stop(const char* sentence) noexcept {
    const char* const parts[] = {"efd: ", sentence, "\n"};
    for (const char* part : parts)
        if (::write(STDERR_FILENO, part, std::strlen(part)) < 0) break;
    std::abort();
}

} // namespace efd::base
