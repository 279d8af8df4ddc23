// SPDX-License-Identifier: MIT
// cli/top_screen.cpp: see top_screen.hpp.
#include "cli/top_screen.hpp"

#ifdef EFD_WITH_NCURSES

#include "cli/text.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#define NCURSES_NOMACROS 1 // names stay functions
#include <ncurses.h>
#include <poll.h>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

namespace efd::cli {
namespace {

// What gives the terminal back if this process is killed: it sleeps in a read of a pipe whose other end this process
// alone has, so it reads the end of the file when this process is gone, however it went. A byte means that all is well.
class guardian {
  public:
    guardian() {
        std::array<int, 2> ends{};
        termios before{};
        if (::tcgetattr(STDOUT_FILENO, &before) != 0 || ::pipe(ends.data()) != 0) return;
        child_ = ::fork();
        if (child_ == 0) watch(ends[0], ends[1], before);
        ::close(ends[0]);
        to_child_ = ends[1];
    }
    ~guardian() {
        if (to_child_ < 0) return;
        const char well = 'w';
        (void)!::write(to_child_, &well, 1);
        ::close(to_child_);
        if (child_ > 0) ::waitpid(child_, nullptr, 0);
    }
    guardian& operator=(guardian&&) = delete; // neither copied nor moved

  private:
    [[noreturn]] static void watch(int from, int other_end, const termios& before) {
        ::close(other_end);
        ::setpgid(0, 0); // a signal to the whole group of the terminal is not for it
        sigset_t all;
        ::sigfillset(&all);
        ::sigprocmask(SIG_BLOCK, &all, nullptr);
        char said = 0;
        ssize_t got = 0;
        do {
            got = ::read(from, &said, 1);
        } while (got < 0 && errno == EINTR);
        if (got == 1) ::_exit(0);
        // The end of the alternate screen, the cursor, plain letters, keys as usual. SIGTTOU is blocked.
        static constexpr char usual[] = "\x1b[?1049l\x1b[?25h\x1b[0m\x1b[?1l\x1b>\r\n";
        (void)!::write(STDOUT_FILENO, usual, sizeof usual - 1);
        ::tcsetattr(STDOUT_FILENO, TCSANOW, &before);
        ::_exit(0);
    }

    pid_t child_ = -1;
    int to_child_ = -1;
};

class curses {
  public:
    curses() {
        std::setlocale(LC_CTYPE, "");
        screen_ = ::newterm(nullptr, stdout, stdin);
        if (screen_ == nullptr)
            throw std::runtime_error("this terminal is not known (TERM); efd top --once needs none");
        ::cbreak();
        ::noecho();
        ::keypad(stdscr, TRUE);
        ::nodelay(stdscr, TRUE);
        ::curs_set(0);
    }
    ~curses() {
        ::endwin();
        ::delscreen(screen_);
    }
    curses& operator=(curses&&) = delete; // neither copied nor moved

  private:
    SCREEN* screen_;
};

// Reads signals from a descriptor, so that no handler runs inside a call of ncurses.
class signal_number {
  public:
    signal_number() {
        sigset_t wanted;
        ::sigemptyset(&wanted);
        for (const int one : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH}) ::sigaddset(&wanted, one);
        ::sigprocmask(SIG_BLOCK, &wanted, &before_);
        fd_ = ::signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
    }
    ~signal_number() {
        ::close(fd_);
        ::sigprocmask(SIG_SETMASK, &before_, nullptr);
    }
    signal_number& operator=(signal_number&&) = delete; // neither copied nor moved
    [[nodiscard]] int fd() const { return fd_; }
    // Zero: none came.
    [[nodiscard]] int next() const {
        signalfd_siginfo one{};
        return ::read(fd_, &one, sizeof one) == sizeof one ? static_cast<int>(one.ssi_signo) : 0;
    }

  private:
    sigset_t before_{};
    int fd_ = -1;
};

class display {
  public:
    explicit display(const top_options& options) : options_(options) {}

    void show(const top_look& before, const top_look& now) {
        int height = 0;
        int width = 0;
        getmaxyx(stdscr, height, width);
        const auto columns = static_cast<std::size_t>(width);
        rows_ = top_rows(before, now, options_.order, options_.wanted);
        ::erase();
        put(0, 0, top_summary(rows_, now, columns));
        put(1, 0, state(columns));
        put(2, A_REVERSE, padded(top_title(columns), columns));
        int line = 3;
        if (is_help_) {
            for (const char* const text : help)
                if (line < height) put(line++, 0, std::string(text).substr(0, columns));
        } else {
            first_ = std::min(first_, rows_.empty() ? 0 : rows_.size() - 1);
            for (std::size_t i = first_; i < rows_.size() && line < height; ++i)
                put(line++, rows_[i].object.beside_now_ns(now.at_ns) > 0 ? A_BOLD : 0, top_line(rows_[i], columns));
            if (rows_.empty() && line < height)
                put(line, 0,
                    std::string("Nothing is seen: no eventfd, and no process with EFD_OBSERVE=1.").substr(0, columns));
        }
        ::refresh();
    }

    // False: quit.
    bool key(int code) {
        if (is_typing_) return type(code);
        switch (code) {
        case 'q': return false;
        case 'h':
        case '?': is_help_ = !is_help_; break;
        case 'p':
        case ' ': is_paused_ = !is_paused_; break;
        case 's':
            options_.order = static_cast<top_order>((static_cast<std::size_t>(options_.order) + 1) % top_orders);
            break;
        case '/':
        case 'f':
            is_typing_ = true;
            options_.wanted.clear();
            break;
        case KEY_DOWN: ++first_; break;
        case KEY_UP: first_ -= first_ > 0 ? 1 : 0; break;
        case KEY_NPAGE: first_ += page; break;
        case KEY_PPAGE: first_ -= std::min(first_, page); break;
        case KEY_HOME: first_ = 0; break;
        case 27:
            is_help_ = false;
            options_.wanted.clear();
            break; // Esc
        default: break;
        }
        return true;
    }
    [[nodiscard]] bool is_paused() const { return is_paused_; }

  private:
    static constexpr std::size_t page = 10;
    static constexpr std::array help{"s      sorts by the next column",
                                     "f, /   filters by a part of command, name, place or pid; Enter ends it",
                                     "p      pauses, and goes on",
                                     "Esc    ends help and filter",
                                     "arrows, PgUp, PgDn, Home scroll",
                                     "h, ?   this help",
                                     "q      quits",
                                     "bold: a reader sleeps while the count is above zero"};

    static void put(int line, attr_t how, const std::string& text) {
        ::attrset(static_cast<int>(how));
        ::mvaddnstr(line, 0, text.c_str(), static_cast<int>(text.size()));
        ::attrset(A_NORMAL);
    }
    static std::string padded(std::string text, std::size_t columns) {
        text.resize(columns, ' ');
        return text;
    }
    [[nodiscard]] std::string state(std::size_t columns) const {
        std::string text = "by " + std::string(word_of(options_.order)) + (is_paused_ ? "; paused" : "");
        if (is_typing_ || !options_.wanted.empty()) text += "; filter: " + options_.wanted + (is_typing_ ? "_" : "");
        return (text + "; h helps, q quits").substr(0, columns);
    }
    bool type(int code) {
        constexpr std::size_t most = 40;
        if (code == '\n' || code == KEY_ENTER || code == 27)
            is_typing_ = false;
        else if ((code == KEY_BACKSPACE || code == 127 || code == '\b') && !options_.wanted.empty())
            options_.wanted.pop_back();
        else if (code >= ' ' && code <= '~' && options_.wanted.size() < most)
            options_.wanted += static_cast<char>(code);
        return true;
    }

    top_options options_;
    std::vector<top_row> rows_;
    std::size_t first_ = 0;
    bool is_help_ = false;
    bool is_paused_ = false;
    bool is_typing_ = false;
};

// The signal that asked for the end, or zero: the user did.
int loop(const top_options& options, const std::function<top_look()>& look) {
    using clock = std::chrono::steady_clock;
    const guardian keeper;
    const signal_number signals;
    const curses screen;
    display shown(options);
    top_look before = look();
    top_look now = before;
    const auto interval =
        std::chrono::duration_cast<clock::duration>(std::chrono::duration<double>(options.interval_s));
    clock::time_point next = clock::now() + interval;
    for (;;) {
        shown.show(before, now);
        const auto wait = std::chrono::duration_cast<std::chrono::milliseconds>(next - clock::now()).count() + 1;
        std::array<pollfd, 2> from{pollfd{STDIN_FILENO, POLLIN, 0}, pollfd{signals.fd(), POLLIN, 0}};
        (void)::poll(from.data(), from.size(), wait > 0 ? static_cast<int>(std::min<long>(wait, INT32_MAX)) : 0);
        for (int signal = signals.next(); signal != 0; signal = signals.next()) {
            if (signal != SIGWINCH) return signal;
            ::endwin(); // asks the terminal for its size
            ::refresh();
            ::clear();
        }
        if ((from[0].revents & (POLLHUP | POLLERR)) != 0) return SIGHUP;
        for (int code = ::getch(); code != ERR; code = ::getch())
            if (!shown.key(code)) return 0;
        if (clock::now() < next) continue;
        next = clock::now() + interval;
        if (shown.is_paused()) continue;
        before = std::move(now);
        now = look();
    }
}

} // namespace

bool has_top_screen() { return true; }

int run_top_screen(const top_options& options, const std::function<top_look()>& look) {
    const int signal = loop(options, look);
    if (signal == 0) return 0;
    std::signal(signal, SIG_DFL); // ends as the signal asks
    std::raise(signal);
    return 128 + signal;
}

} // namespace efd::cli

#else

#include "cli/failure.hpp"

#include <stdexcept>

namespace efd::cli {

bool has_top_screen() { return false; }
int run_top_screen(const top_options& /*options*/, const std::function<top_look()>& /*look*/) {
    throw std::runtime_error("this efd was built without ncurses; install libncurses-dev and build it again, or use "
                             "efd top --once");
}

} // namespace efd::cli

#endif
