// SPDX-License-Identifier: MIT
// bench/instructions.cpp: how many instructions a signal, and a signal with its take, cost; without a clock.
//
// Without arguments it runs itself under callgrind, with few and with twice as many turns for each case, and prints the
// difference for one turn: exact, and the same on every run of the same binary. The 3 or so instructions of the loop
// are included. With a case and a number of turns it is the program that is counted.
#include <efd/wait_set.hpp>

#include "bench/measure.hpp"
#include "bench/subjects.hpp"

#include <cinttypes>
#include <cstring>
#include <fstream>
#include <string>

namespace {

using efd::bench::efd_c;
using efd::bench::efd_inline;
using efd::bench::keep;
using efd::bench::keep_order;
using efd::bench::locked_add;

// callgrind counts only what runs inside functions whose names begin with counted_.
#define EFD_COUNTED extern "C" __attribute__((noinline))

template <class Subject>
__attribute__((always_inline)) inline void signal_turns(Subject& it, std::uint64_t turns) {
    for (std::uint64_t i = 0; i < turns; ++i) {
        it.signal();
        keep_order();
    }
}
template <class Subject>
__attribute__((always_inline)) inline void take_turns(Subject& it, std::uint64_t turns) {
    for (std::uint64_t i = 0; i < turns; ++i) {
        it.signal();
        const std::uint64_t taken = it.take();
        keep(&taken);
    }
}

EFD_COUNTED void counted_idle_floor(locked_add& it, std::uint64_t turns) { signal_turns(it, turns); }
EFD_COUNTED void counted_idle_efd(efd_inline& it, std::uint64_t turns) { signal_turns(it, turns); }
EFD_COUNTED void counted_idle_efd_c(efd_c& it, std::uint64_t turns) { signal_turns(it, turns); }
EFD_COUNTED void counted_take_floor(locked_add& it, std::uint64_t turns) { take_turns(it, turns); }
EFD_COUNTED void counted_take_efd(efd_inline& it, std::uint64_t turns) { take_turns(it, turns); }
// A member of a set: its calls do not end inline, and those here make no system call.
class efd_watched {
  public:
    efd_watched() { set_.add(object_, 1); }
    void signal() { efd::bench::must(object_.write(1) == std::errc{}, "efd::eventfd::write"); }
    std::uint64_t take() {
        std::uint64_t value = 0;
        efd::bench::must(object_.read(value) == std::errc{}, "efd::eventfd::read");
        return value;
    }

  private:
    efd::eventfd object_;
    efd::wait_set set_;
};

EFD_COUNTED void counted_idle_watched(efd_watched& it, std::uint64_t turns) { signal_turns(it, turns); }
EFD_COUNTED void counted_take_watched(efd_watched& it, std::uint64_t turns) { take_turns(it, turns); }
EFD_COUNTED void counted_take_efd_c(efd_c& it, std::uint64_t turns) { take_turns(it, turns); }

struct counted_case {
    const char* row;
    const char* subject;
    void (*run)(std::uint64_t turns);
};

template <class Subject, void (*Turns)(Subject&, std::uint64_t)>
void run_counted(std::uint64_t turns) {
    Subject it;
    keep(&it);
    Turns(it, turns);
}

constexpr counted_case cases[] = {
    {"signal_idle", "floor", run_counted<locked_add, counted_idle_floor>},
    {"signal_idle", "efd", run_counted<efd_inline, counted_idle_efd>},
    {"signal_idle", "efd_c", run_counted<efd_c, counted_idle_efd_c>},
    {"signal_idle", "watched", run_counted<efd_watched, counted_idle_watched>},
    {"signal_take", "floor", run_counted<locked_add, counted_take_floor>},
    {"signal_take", "efd", run_counted<efd_inline, counted_take_efd>},
    {"signal_take", "efd_c", run_counted<efd_c, counted_take_efd_c>},
    {"signal_take", "watched", run_counted<efd_watched, counted_take_watched>},
};

// The "summary:" (or "totals:") line of a callgrind file; negative if there is none.
std::int64_t counted_in(const std::string& path) {
    std::ifstream file(path);
    std::int64_t count = -1;
    for (std::string line; std::getline(file, line);)
        if (line.starts_with("summary:") || line.starts_with("totals:"))
            count = std::strtoll(line.c_str() + line.find(':') + 1, nullptr, 10);
    return count;
}

std::int64_t count_under_callgrind(const std::string& self, std::size_t which, std::uint64_t turns) {
    char out[] = "/tmp/efd-instructions-XXXXXX";
    const int fd = ::mkstemp(out);
    if (fd < 0) return -1;
    ::close(fd);
    const std::string command = "LD_BIND_NOW=1 valgrind -q --tool=callgrind --toggle-collect='counted_*' "
                                "--callgrind-out-file=" +
                                std::string(out) + " '" + self + "' " + std::to_string(which) + " " +
                                std::to_string(turns);
    const std::int64_t count = std::system(command.c_str()) == 0 ? counted_in(out) : -1;
    ::unlink(out);
    return count;
}

int print_all(const std::string& self) {
    constexpr std::uint64_t turns = 1000;
    std::printf("%-14s %-8s instructions\n", "row", "subject");
    for (std::size_t which = 0; which < std::size(cases); ++which) {
        const std::int64_t once = count_under_callgrind(self, which, turns);
        const std::int64_t twice = count_under_callgrind(self, which, 2 * turns);
        if (once < 0 || twice < 0) {
            std::fprintf(stderr, "efd-instructions: callgrind gave no count. If valgrind is missing: scripts/setup "
                                 "check. If it cannot read this binary: build with -gdwarf-4.\n");
            return 1;
        }
        std::printf("%-14s %-8s %.3f\n", cases[which].row, cases[which].subject,
                    static_cast<double>(twice - once) / static_cast<double>(turns));
    }
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    if (argc == 1) {
        char self[4096];
        const ssize_t length = ::readlink("/proc/self/exe", self, sizeof self);
        return length > 0 ? print_all(std::string(self, static_cast<std::size_t>(length))) : 1;
    }
    if (argc != 3) return 2;
    const std::size_t which = std::strtoul(argv[1], nullptr, 10);
    if (which >= std::size(cases)) return 2;
    cases[which].run(std::strtoull(argv[2], nullptr, 10));
    return 0;
}
