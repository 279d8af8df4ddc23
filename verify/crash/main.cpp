// SPDX-License-Identifier: MIT
// main.cpp: kills a process at every point of every operation on an arena, and looks at what the survivors have then.
//
//     crash                  every system call and every change of the arena's memory, from both sides; instructions
//                            between them up to a number for each operation
//     crash --full           every instruction
//     crash --only NAME      that operation
//     crash --seconds N [--seed N]   begins no operation after that time, and takes them in an order of the seed, which
//                            is printed
//     crash --must-fail      each operation done must show a fault: of libraries that are broken on purpose
//
// Between two changes of the arena or calls of the system one instruction is like another: nobody but the victim could
// tell. The table says how many points and how many instructions an operation has, and how many victims have died.
#include "crash/survivor.hpp"
#include "crash/victim.hpp"

#include "share/layout.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <sys/mman.h>
#include <sys/prctl.h>

namespace efd::crash {
namespace {

struct options {
    bool full = false;
    bool must_fail = false;
    std::string only;
    double seconds = 0; // 0: no bound
    unsigned seed = std::random_device{}();
    int between = 120; // instructions of an operation that are neither a change nor beside a call
};

// What happens between two system calls of the operation.
struct segment {
    int instructions = 0;
    std::vector<int> changes; // after so many of them the arena has changed
};

constexpr const char* names_of_beside[] = {"nobody", "sleeper", "set", "loop"};

// The arena's memory, to be compared.
class memory_look {
  public:
    explicit memory_look(int descriptor) {
        const share::layout where = share::layout_of({.slots = slots, .processes = processes, .sets = sets});
        bytes_ = where.bytes;
        marks_end_ = where.bitmaps_at + where.bitmap_bytes * where.sets;
        slots_at_ = where.slots_at;
        void* const at = ::mmap(nullptr, bytes_, PROT_READ, MAP_SHARED, descriptor, 0);
        base_ = static_cast<const char*>(at);
        known_.resize(bytes_);
    }
    memory_look& operator=(memory_look&&) = delete; // neither copied nor moved
    ~memory_look() { ::munmap(const_cast<char*>(base_), bytes_); }
    bool has_changed() {
        const bool changed = differs(0, marks_end_) || differs(slots_at_, (slots + sets) * 64);
        return changed;
    }

  private:
    bool differs(std::size_t at, std::size_t bytes) {
        if (std::memcmp(base_ + at, known_.data() + at, bytes) == 0) return false;
        std::memcpy(known_.data() + at, base_ + at, bytes);
        return true;
    }
    const char* base_ = nullptr;
    std::size_t bytes_ = 0;
    std::size_t marks_end_ = 0;
    std::size_t slots_at_ = 0;
    std::vector<char> known_;
};

class operation {
  public:
    operation(survivor& living, const scene& what, beside whom, const options& asked)
        : living_(living), what_(what), whom_(whom), asked_(asked) {}

    // False: a fault was found.
    bool run() {
        living_.renew_sleeper();
        if (whom_ == beside::loop) open_bell();
        explore();
        const std::string before = survivor::belongings();
        for (const point& one : chosen()) try_point(one);
        if (what_.sleeps || what_.adds + what_.takes == 0) try_asleep();
        if (fault_.empty() && survivor::belongings() != before) fault_ = "the survivor keeps " + survivor::belongings();
        std::printf("%-26s %-8s %7d %7d %7d %7d %7d   %s\n", what_.name, names_of_beside[static_cast<unsigned>(whom_)],
                    static_cast<int>(path_.size()) - 1, changes_, points_, instructions_, killed_,
                    fault_.empty() ? "" : fault_.c_str());
        std::fflush(stdout);
        return fault_.empty();
    }
    [[nodiscard]] int killed() const { return killed_; }

  private:
    void begin() {
        if (!living_.begin(what_, whom_)) fault_ = "the sleeper does not fall asleep";
    }
    std::function<void()> when_asleep() {
        if (!what_.sleeps) return nullptr;
        return [this] { living_.give(); };
    }
    void end(victim& one, const std::string& where) {
        if (one.fault() != nullptr && fault_.empty()) fault_ = one.fault();
        one.kill();
        const std::string wrong = living_.look(what_, whom_);
        if (!wrong.empty() && fault_.empty()) fault_ = wrong + where;
    }

    // The survivor keeps the file by which it rings.
    void open_bell() {
        begin();
        (void)living_.look(what_, whom_);
    }

    // Steps through the whole operation once: where its calls and its changes are.
    void explore() {
        begin();
        memory_look arena(living_.everything().descriptor);
        victim one(what_, living_.everything(), when_asleep());
        (void)arena.has_changed();
        path_.push_back({});
        while (one.may_go_on()) {
            const bool is_call = one.is_before_call();
            if (!one.step()) break;
            if (is_call) {
                path_.push_back({});
                (void)arena.has_changed();
                continue;
            }
            ++path_.back().instructions;
            if (arena.has_changed()) path_.back().changes.push_back(path_.back().instructions);
        }
        end(one, ", after the whole call");
        for (const segment& part : path_) {
            instructions_ += part.instructions + 1;
            changes_ += static_cast<int>(part.changes.size());
        }
    }

    std::vector<point> chosen() {
        const int every = asked_.full ? 1 : std::max(1, instructions_ / asked_.between);
        std::vector<point> all;
        int count = 0;
        for (std::size_t s = 0; s < path_.size(); ++s) {
            const segment& part = path_[s];
            for (int i = 0; i <= part.instructions; ++i) {
                bool is_point = i == 0 || i == part.instructions;
                for (const int change : part.changes) is_point = is_point || change == i || change == i + 1;
                points_ += is_point ? 1 : 0;
                if (is_point || count++ % every == 0) all.push_back({static_cast<int>(s), i});
            }
        }
        return all;
    }

    void try_point(point where) {
        if (!fault_.empty()) return;
        begin();
        victim one(what_, living_.everything(), when_asleep());
        (void)one.go_to(where);
        ++killed_;
        end(one, ", killed after " + std::to_string(where.calls) + " calls and " + std::to_string(where.instructions) +
                     " instructions");
    }
    // Killed while it sleeps, if it sleeps at all.
    void try_asleep() {
        if (!fault_.empty()) return;
        begin();
        victim one(what_, living_.everything(), nullptr);
        if (one.go_to_sleep()) ++killed_;
        end(one, ", killed asleep");
    }

    survivor& living_;
    const scene& what_;
    beside whom_;
    const options& asked_;
    std::vector<segment> path_;
    int changes_ = 0;
    int points_ = 0;
    int instructions_ = 0;
    int killed_ = 0;
    std::string fault_;
};

struct turn {
    const scene* what;
    beside whom;
};

std::vector<turn> all_turns(const options& asked) {
    std::vector<turn> all;
    for (const scene& what : scenes) {
        if (!asked.only.empty() && asked.only != what.name) continue;
        for (const beside whom : {beside::nobody, beside::sleeper, beside::set, beside::loop}) {
            if (whom != beside::nobody && !what.beside_sleeper) continue;
            if (whom == beside::loop && what.adds == 0) continue; // it rings no bell
            all.push_back({&what, whom});
        }
    }
    return all;
}

int run(const options& asked) {
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    survivor living;
    int killed = 0;
    int faults = 0;
    int done = 0;
    std::vector<turn> turns = all_turns(asked);
    if (asked.seconds > 0) {
        std::printf("seed %u\n", asked.seed);
        std::shuffle(turns.begin(), turns.end(), std::minstd_rand(asked.seed));
    }
    const auto start = std::chrono::steady_clock::now();
    std::printf("%-26s %-8s %7s %7s %7s %7s %7s\n", "operation", "beside", "calls", "changes", "points", "instr.",
                "killed");
    for (const turn& next : turns) {
        const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
        if (asked.seconds > 0 && taken.count() > asked.seconds) break;
        operation one(living, *next.what, next.whom, asked);
        ++done;
        if (!one.run()) ++faults;
        killed += one.killed();
    }
    if (done > 0 && done < static_cast<int>(turns.size()))
        std::printf("%d of %d operations tried\n", done, static_cast<int>(turns.size()));
    std::printf("%d killed; %d of %d operations show a fault; worst time of a sleeper beside a unit %.1f ms\n", killed,
                faults, done, living.worst_ms());
    if (done == 0) return 2;
    return (faults == 0) != asked.must_fail ? 0 : 1;
}

} // namespace
} // namespace efd::crash

int main(int count, char** given) {
    efd::crash::options asked;
    for (int i = 1; i < count; ++i) {
        const std::string word = given[i];
        if (word == "--full")
            asked.full = true;
        else if (word == "--must-fail")
            asked.must_fail = true;
        else if (word == "--only" && i + 1 < count)
            asked.only = given[++i];
        else if (word == "--seconds" && i + 1 < count)
            asked.seconds = std::strtod(given[++i], nullptr);
        else if (word == "--seed" && i + 1 < count)
            asked.seed = static_cast<unsigned>(std::strtoul(given[++i], nullptr, 10));
        else
            return 2;
    }
    return efd::crash::run(asked);
}
