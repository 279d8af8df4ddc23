// SPDX-License-Identifier: MIT
// bench/rows_dropin.cpp: what an unmodified program pays and gains under `efd run`.
//
// A library cannot be preloaded into a running process, so each measurement starts this command once more for one
// probe, with or without the drop-in. The probes are plain programs: they use eventfd(2), read and write. What the
// drop-in adds to other calls is measured over calls that do nothing (quick_calls.c), because system calls vary by more
// than that.
#include "bench/measure.hpp"
#include "bench/row.hpp"
#include "bench/subjects.hpp"

#include <efd/detail/base/atomic.hpp>

#include <array>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <spawn.h>
#include <stdexcept>
#include <string>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace efd::bench {
namespace {

constexpr effort probe_effort{30'000'000, 1000, unbounded};

// Writes while an earlier one is unread; a read comes once in 50 000 writes.
double write_unread() {
    const int fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    must(fd >= 0, "eventfd");
    std::uint64_t value = 1;
    for (int i = 0; i < 1000; ++i) { // evidence for a promotion
        must(::write(fd, &value, sizeof value) == sizeof value, "write");
        if (i % 10 == 9) must(::read(fd, &value, sizeof value) == sizeof value, "read");
        value = 1;
    }
    unsigned since = 0;
    return ns_per_call(probe_effort, [&] {
        const std::uint64_t one = 1;
        must(::write(fd, &one, sizeof one) == sizeof one, "write");
        if (++since == 50'000) {
            since = 0;
            std::uint64_t all = 0;
            must(::read(fd, &all, sizeof all) == sizeof all, "read");
        }
    });
}

// What a call must do that adds a value to a word if the word allows it: look at both, and one compare-and-swap.
[[gnu::noinline]] bool add_if_allowed(base::atomic<std::uint64_t>& word, const void* from) {
    std::uint64_t n = 0;
    std::memcpy(&n, from, sizeof n);
    std::uint64_t before = word.load(base::acquire);
    return (before & 1U) != 0 && word.compare_exchange_strong(before, before + (n << 1), base::acq_rel, base::relaxed);
}
double add_floor() {
    base::atomic<std::uint64_t> word{1};
    return ns_per_call(probe_effort, [&] {
        const std::uint64_t one = 1;
        must(add_if_allowed(word, &one), "a compare-and-swap beside nobody");
    });
}

// A write and a read of another kind of descriptor: the one for which the kernel does least.
double null_byte() {
    const int fd = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    must(fd >= 0, "/dev/null");
    char byte = 1;
    return ns_per_call(probe_effort, [&] {
        must(::write(fd, &byte, 1) == 1, "write to /dev/null");
        must(::read(fd, &byte, 1) == 0, "read from /dev/null");
    });
}

struct probe {
    const char* name;
    double (*measure)();
};
constexpr std::array probes{probe{"write_unread", write_unread}, probe{"null_byte", null_byte}};

struct environment_of {
    explicit environment_of(const std::string& preloaded) {
        for (char** one = environ; *one != nullptr; ++one)
            if (std::strncmp(*one, "LD_PRELOAD=", 11) != 0 && std::strncmp(*one, "EFD_", 4) != 0) words.push_back(*one);
        preload = "LD_PRELOAD=" + preloaded;
        if (!preloaded.empty()) words.push_back(preload.data());
        words.push_back(nullptr);
    }
    std::string preload;
    std::vector<char*> words;
};

// Standard output of a program; the caller measures its time.
std::string run(const char* path, std::vector<const char*> words, const std::string& preloaded) {
    int ends[2];
    must(::pipe2(ends, O_CLOEXEC) == 0, "pipe");
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    words.push_back(nullptr);
    environment_of environment(preloaded);
    pid_t child = 0;
    const int refused =
        ::posix_spawn(&child, path, &actions, nullptr, const_cast<char**>(words.data()), environment.words.data());
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    if (refused != 0) throw std::runtime_error(std::string(path) + ": " + std::strerror(refused));
    std::string said(64, '\0');
    const ssize_t got = ::read(ends[0], said.data(), said.size());
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    said.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    if (status != 0) throw std::runtime_error(std::string(path) + " did not end well");
    return said;
}

double ask(const char* name, const std::string& preloaded) {
    return std::strtod(run("/proc/self/exe", {"efd", "bench", "--probe", name}, preloaded).c_str(), nullptr);
}

// In the order A B B A, so that a clock that drifts affects both equally.
double added_by(const std::string& library, const std::string& quick_calls, const char* name) {
    const std::string both = library + ":" + quick_calls;
    const double first = ask(name, quick_calls);
    const double with_it = ask(name, both) + ask(name, both);
    return (with_it - first - ask(name, quick_calls)) / 2;
}

double start_up_us(const std::string& preloaded) {
    constexpr int times = 20;
    const std::int64_t start = now_ns();
    for (int i = 0; i < times; ++i) (void)run("/bin/true", {"true"}, preloaded);
    return static_cast<double>(now_ns() - start) / 1000 / times;
}

row probed(const settings& how, const char* name, const char* title, const char* asked) {
    row r{name, title, "ns"};
    const std::string library = how.dropin;
    r.subjects = {{"kernel", [asked] { return ask(asked, ""); }},
                  {"efd", [asked, library] { return ask(asked, library); }}};
    r.rounds_brief = 3;
    r.rounds_full = 11;
    return r;
}

} // namespace

double measure_probe(const std::string& name) {
    for (const probe& one : probes)
        if (name == one.name) return one.measure();
    throw std::runtime_error("there is no probe " + name);
}

void add_dropin_rows(std::vector<row>& rows, const settings& how) {
    if (how.dropin.empty()) return;
    const std::string library = how.dropin;
    row write = probed(how, "dropin_write", "unmodified program: write, one is unread", "write_unread");
    write.subjects.push_back({"floor", add_floor});
    write.gates = {{"efd", 8, absolute}, {"efd", 1.25, "floor"}};
    write.note =
        "a program that nobody rebuilt writes to an eventfd with an unread write in it; efd: under the drop-in; "
        "floor: a call that looks at a value and a word, and one compare-and-swap";
    rows.push_back(std::move(write));

    row other = probed(how, "dropin_other", "unmodified program: write and read elsewhere", "null_byte");
    other.loss = "Each read and write goes through the drop-in first, also those that are not of an eventfd";
    const std::string quick_calls = std::filesystem::path(library).replace_filename("libefd-quick-calls.so");
    if (std::filesystem::exists(quick_calls)) { // in the build tree
        other.subjects.push_back(
            {"added", [library, quick_calls] { return added_by(library, quick_calls, "null_byte"); }});
        other.gates = {{"added", 6, absolute}};
    }
    other.note =
        "a write to /dev/null and a read from it, two calls; added: what the drop-in adds to two calls of functions "
        "that do nothing, A B B A";
    rows.push_back(std::move(other));

    row& start = rows.emplace_back(row{"dropin_start", "unmodified program: start and end of `true`", "us"});
    start.loss = "The loader maps one library more";
    start.subjects = {{"kernel", [] { return start_up_us(""); }},
                      {"efd", [library] { return start_up_us(library); }},
                      {"added", [library] { return start_up_us(library) - start_up_us(""); }}};
    start.gates = {{"added", 2000, absolute}};
    start.note = "spawning `true` and waiting for its end";
    start.rounds_brief = 3;
    start.rounds_full = 11;
}

} // namespace efd::bench
