// SPDX-License-Identifier: MIT
// tests/dropin/conservation/audit.cpp: see audit.hpp.
#include "audit.hpp"

#include "calls.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace conservation {
namespace {

int slots_in_use() { return std::min(book->slots_used.load(), most_slots); }
thread_slot& slot_of(int index) { return book->slots[static_cast<std::size_t>(index)]; }
const eventfd_object& object_at(int index) { return book->object[static_cast<std::size_t>(index)]; }

// The state that the kernel gives the thread; 0: it is gone.
char state_of(pid_t thread) {
    std::array<char, 64> path{};
    std::array<char, 512> text{};
    std::snprintf(path.data(), path.size(), "/proc/%d/stat", static_cast<int>(thread));
    const int fd = ::open(path.data(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    const ssize_t length = ::read(fd, text.data(), text.size() - 1);
    ::close(fd);
    if (length <= 0) return 0;
    const char* const name_end = std::strrchr(text.data(), ')');
    return name_end == nullptr ? '\0' : name_end[2];
}

// The entry of the call that this slot sleeps in: its last of unknown outcome.
const entry* call_asleep(const thread_slot& one) {
    if (one.where != place::in_call || has_ended(one)) return nullptr;
    for (int i = std::min(one.used.load(), most_entries); i-- > 0;) {
        const entry& made = one.journal[static_cast<std::size_t>(i)];
        if (made.how == outcome::unknown) return &made;
    }
    return nullptr;
}

// What /proc says, which this process reads of itself; false: it does not say.
bool shown_count(int fd, unsigned long long& count) {
    std::array<char, 64> path{};
    std::snprintf(path.data(), path.size(), "/proc/self/fdinfo/%d", fd);
    std::FILE* const file = std::fopen(path.data(), "re");
    if (file == nullptr) return false;
    bool found = false;
    std::array<char, 256> line{};
    while (!found && std::fgets(line.data(), line.size(), file) != nullptr)
        found = std::sscanf(line.data(), "eventfd-count: %llx", &count) == 1;
    std::fclose(file);
    return found;
}

std::string said(int object, const char* what, std::uint64_t due, std::uint64_t found) {
    std::array<char, 256> text{};
    std::snprintf(text.data(), text.size(), "eventfd %d: %s; %llu due, %llu found", object, what,
                  static_cast<unsigned long long>(due), static_cast<unsigned long long>(found));
    return text.data();
}

// Does a thread sleep that should not, because poll shows units or the known count has some?
std::string fault_of_sleepers(int object, bool has_units) {
    if (!has_units) return {};
    for (int i = 0; i < slots_in_use(); ++i) {
        const thread_slot& one = slot_of(i);
        const entry* const made = call_asleep(one);
        if (made != nullptr && made->object == object && made->what == act::read)
            return said(object, "a read sleeps beside units", 0, static_cast<std::uint64_t>(i));
        if (one.where == place::watches && (one.watched & 1U << object) != 0 && !has_ended(one))
            return said(object, "a watcher sleeps beside units", 0, static_cast<std::uint64_t>(i));
    }
    return {};
}

// Is `wanted` the sum of some of these, of which at most the first 16 are many.
bool is_sum_of_some(std::uint64_t wanted, const std::vector<std::uint64_t>& units) {
    std::vector<std::uint64_t> reached{0};
    for (const std::uint64_t one : units) {
        const std::size_t before = reached.size();
        if (before > 1U << 16) return true; // too many to tell
        for (std::size_t i = 0; i < before; ++i) reached.push_back(reached[i] + one);
        std::sort(reached.begin(), reached.end());
        reached.erase(std::unique(reached.begin(), reached.end()), reached.end());
    }
    return std::binary_search(reached.begin(), reached.end(), wanted);
}

} // namespace

short readiness(int fd) {
    pollfd asked{fd, POLLIN | POLLOUT, 0};
    return ::poll(&asked, 1, 0) < 0 ? short{0} : asked.revents;
}

sums sum_up(int object, bool asleep_count_not) {
    sums all;
    for (int s = 0; s < slots_in_use(); ++s) {
        const thread_slot& one = slot_of(s);
        const entry* const asleep = asleep_count_not ? call_asleep(one) : nullptr;
        for (int i = 0; i < std::min(one.used.load(), most_entries); ++i) {
            const entry& made = one.journal[static_cast<std::size_t>(i)];
            if (made.object != object || &made == asleep) continue;
            const outcome how = made.how;
            if (made.what == act::write && how == outcome::done) all.written += made.units;
            if (made.what == act::write && how == outcome::unknown && made.units <= most_units)
                all.maybe_written.push_back(made.units);
            if (made.what == act::read && how == outcome::done) all.taken += made.units;
            if (made.what == act::read && how == outcome::unknown) ++all.maybe_taken;
        }
    }
    return all;
}

bool has_ended(const thread_slot& one) {
    if (one.where == place::ended) return true;
    if (one.thread == 0) return false;
    const char state = state_of(one.thread);
    return state == 0 || state == 'Z' || state == 'X';
}

bool all_have_ended() {
    for (int i = 1; i < slots_in_use(); ++i)
        if (!has_ended(slot_of(i))) return false;
    return true;
}

bool is_at_rest() {
    for (int i = 1; i < slots_in_use(); ++i) {
        const thread_slot& one = slot_of(i);
        if (has_ended(one)) continue;
        const place where = one.where;
        if (where != place::in_call && where != place::watches) return false;
        if (state_of(one.thread) != 'S') return false;
    }
    return true;
}

std::string fault_at_rest(int object) {
    const int fd = object_at(object).number;
    const sums all = sum_up(object, true);
    const short ready = readiness(fd);
    if (!all.maybe_written.empty() || all.maybe_taken != 0) return fault_of_sleepers(object, (ready & POLLIN) != 0);
    const std::uint64_t count = all.written - all.taken;
    if (((ready & POLLIN) != 0) != (count > 0)) return said(object, "poll says POLLIN or not", count, (ready & POLLIN));
    if (((ready & POLLOUT) != 0) != (count < most_units))
        return said(object, "poll says POLLOUT or not", count, (ready & POLLOUT));
    unsigned long long shown = 0;
    if (me->drawn.one_in(8) && shown_count(fd, shown) && shown != count)
        return said(object, "fdinfo shows another count", count, shown);
    return fault_of_sleepers(object, count > 0);
}

void settle_accounts(int object) {
    const int fd = object_at(object).number;
    (void)::fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK);
    std::uint64_t rest = 0;
    int reads = 0;
    for (std::uint64_t units = 0;; rest += units, ++reads) {
        const bool is_ready = (readiness(fd) & POLLIN) != 0;
        const bool took = ::read(fd, &units, sizeof units) == sizeof units;
        if (took != is_ready)
            fault("eventfd %d: poll says %s, a read %s", object, is_ready ? "ready" : "not ready",
                  took ? "takes some" : "takes nothing");
        if (!took) break;
    }
    if (reads > 1 && !object_at(object).is_semaphore) fault("eventfd %d: the rest came in %d reads", object, reads);
    const sums all = sum_up(object, false);
    const std::uint64_t more = rest + all.taken - all.written; // than was surely written
    std::uint64_t most = 0;
    for (const std::uint64_t one : all.maybe_written) most += one;
    const bool is_right = all.maybe_taken == 0 ? is_sum_of_some(more, all.maybe_written)
                                               : static_cast<std::int64_t>(more) <= static_cast<std::int64_t>(most);
    if (!is_right)
        fault("eventfd %d: written %llu, perhaps %llu more; taken %llu, by %d calls perhaps more; rest %llu", object,
              static_cast<unsigned long long>(all.written), static_cast<unsigned long long>(most),
              static_cast<unsigned long long>(all.taken), all.maybe_taken, static_cast<unsigned long long>(rest));
    if (static_cast<std::int64_t>(more) < 0) book->lost -= more;
}

void settle_records() {
    std::uint64_t sure = 0;
    std::uint64_t perhaps = 0;
    for (int s = 0; s < slots_in_use(); ++s)
        for (int i = 0; i < std::min(slot_of(s).used.load(), most_entries); ++i) {
            const entry& made = slot_of(s).journal[static_cast<std::size_t>(i)];
            if (made.what != act::record) continue;
            made.how == outcome::done ? ++sure : ++perhaps;
        }
    struct stat file{};
    if (::fstat(book->records, &file) != 0) return;
    const auto found = static_cast<std::uint64_t>(file.st_size) / 8;
    if (found < sure || found > sure + perhaps)
        fault("%llu records were written to a file, %llu are in it", static_cast<unsigned long long>(sure),
              static_cast<unsigned long long>(found));
}

void add_to_totals() {
    for (int s = 0; s < slots_in_use(); ++s)
        for (int i = 0; i < std::min(slot_of(s).used.load(), most_entries); ++i)
            ++(slot_of(s).journal[static_cast<std::size_t>(i)].how == outcome::unknown ? book->left : book->calls);
}

} // namespace conservation
