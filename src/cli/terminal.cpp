// cli/terminal.cpp: see terminal.hpp.
#include "cli/terminal.hpp"

#include <cstdio>
#include <cstdlib>
#include <fmt/format.h>
#include <unistd.h>

namespace efd::cli {
namespace {

bool terminal_is_able() {
    const char* const kind = std::getenv("TERM");
    return kind != nullptr && std::string_view(kind) != "dumb";
}

bool wants_colour(int fd) {
    const char* const refused = std::getenv("NO_COLOR");
    return ::isatty(fd) == 1 && (refused == nullptr || *refused == '\0') && terminal_is_able();
}

} // namespace

bool colour_wanted() { return wants_colour(STDOUT_FILENO); }
bool error_colour_wanted() { return wants_colour(STDERR_FILENO); }

progress_line::progress_line() : visible_(::isatty(STDERR_FILENO) == 1 && terminal_is_able()) {}

progress_line::~progress_line() {
    if (visible_) fmt::print(stderr, "\r\x1b[K");
    std::fflush(stderr);
}

void progress_line::tell(std::string_view text) {
    if (!visible_ || text == last_) return;
    last_ = text;
    fmt::print(stderr, "\r\x1b[K{}", text);
    std::fflush(stderr);
}

} // namespace efd::cli
