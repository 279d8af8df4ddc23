// os/stop.cpp: base::stop needs write(2), so its body stands behind the system call door.
#include "base/stop.hpp"

#include <efd/detail/base/misuse.hpp>

#include "os/raw_call.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <unistd.h>

namespace efd::EFD_ABI::base {

void stop(const char* sentence) noexcept {
    const char* const parts[] = {"efd: ", sentence, "\n"};
    for (const char* part : parts)
        if (os::raw_write(STDERR_FILENO, part, std::strlen(part)) < 0) break;
    std::abort();
}

void stop_for_moved_from() noexcept { stop("a handle that was moved from is used"); }

void warn(const char* name, const char* value, const char* sentence) noexcept {
    char line[256]; // one write, so that it stays one line among others'
    std::size_t length = 0;
    const auto append = [&](const char* text, std::size_t most) {
        const std::size_t more = std::min({std::strlen(text), most, sizeof line - length});
        std::copy_n(text, more, line + length);
        length += more;
    };
    constexpr std::size_t most_of_a_value = 40;
    append("efd: ", sizeof line);
    append(name, most_of_a_value);
    append(" is '", sizeof line);
    append(value, most_of_a_value);
    append("': ", sizeof line);
    append(sentence, sizeof line);
    append("\n", sizeof line);
    (void)os::raw_write(STDERR_FILENO, line, length);
}

} // namespace efd::EFD_ABI::base
