// SPDX-License-Identifier: MIT
// cli/terminal.cpp: see terminal.hpp.
#include "cli/terminal.hpp"

#include <cstdio>
#include <cstdlib>
#include <sys/ioctl.h>
#include <unistd.h>

namespace efd::cli {
namespace {

constexpr std::chrono::seconds longest_silence{10};
constexpr int usual_columns = 80;

bool terminal_is_able() {
    const char* const kind = std::getenv("TERM");
    return kind != nullptr && std::string_view(kind) != "dumb";
}

bool wants_colour(int fd) {
    const char* const refused = std::getenv("NO_COLOR");
    return ::isatty(fd) == 1 && (refused == nullptr || *refused == '\0') && terminal_is_able();
}

int columns_of(int fd) {
    winsize size{};
    return ::ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

// Standard error may be closed or full: failed progress output does not end the command.
void say(std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stderr);
    std::fflush(stderr);
}

} // namespace

bool colour_wanted() { return wants_colour(STDOUT_FILENO); }
bool error_colour_wanted() { return wants_colour(STDERR_FILENO); }

std::size_t output_columns() {
    const int columns = columns_of(STDOUT_FILENO);
    return static_cast<std::size_t>(columns > 1 ? columns : usual_columns);
}

std::string_view cut_to_width(std::string_view text, int columns) {
    const auto width = static_cast<std::size_t>(columns > 1 ? columns : usual_columns);
    return text.substr(0, width - 1); // some terminals wrap after the last column
}

progress_line::progress_line() : moves_(::isatty(STDERR_FILENO) == 1 && terminal_is_able()) {}

progress_line::~progress_line() { wipe(); }

void progress_line::wipe() {
    if (!moves_ || last_.empty()) return;
    say("\r\x1b[K");
    last_.clear();
}

void progress_line::tell(std::string_view text) {
    if (text == last_) return;
    if (!moves_) {
        if (clock::now() - said_ < longest_silence) return;
        said_ = clock::now();
        say(std::string(text) + "\n");
        return;
    }
    last_ = text;
    say("\r\x1b[K" + std::string(cut_to_width(text, columns_of(STDERR_FILENO))));
}

} // namespace efd::cli
