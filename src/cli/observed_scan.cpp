// SPDX-License-Identifier: MIT
// cli/observed_scan.cpp: see observed_scan.hpp.
#include "cli/observed_scan.hpp"

#include "cli/code_place.hpp"
#include "cli/living_thread.hpp"
#include "cli/owned_fd.hpp"

#include <algorithm>
#include <fcntl.h>
#include <fmt/format.h>
#include <map>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace efd::cli {
namespace {

using core::observed_file;
using core::observed_row;

template <class Word>
auto value_of(const Word& word) {
    return word.load(base::relaxed);
}

// A time of a clock that begins with the machine: a negative one is a lie, and would overflow a difference.
std::int64_t time_in(const base::atomic<std::int64_t>& word) { return std::max<std::int64_t>(value_of(word), 0); }

std::string name_in(const observed_row& row) {
    std::string name;
    for (const auto& letter : row.name) {
        if (value_of(letter) == '\0') break;
        name += value_of(letter);
    }
    return name;
}

observed_object object_in(const observed_row& row) {
    observed_object one;
    one.id = value_of(row.id);
    one.name = name_in(row);
    one.flags = value_of(row.flags);
    one.count = value_of(row.count);
    one.signals = value_of(row.signals);
    one.takes = value_of(row.takes);
    one.sleeps = value_of(row.sleeps);
    one.wakes = value_of(row.wakes);
    one.rings = value_of(row.rings);
    one.made_at = value_of(row.made_at);
    one.made_by = value_of(row.made_by);
    one.signaller = value_of(row.signaller);
    one.signalled_ns = time_in(row.signalled_ns);
    one.above_zero_ns = time_in(row.above_zero_ns);
    one.beside_ns = time_in(row.beside_ns);
    one.sets = value_of(row.sets);
    one.callbacks = value_of(row.callbacks);
    return one;
}

bool read_all(int file, void* to, std::size_t bytes, std::size_t from) {
    auto* place = static_cast<char*>(to);
    while (bytes > 0) {
        const ssize_t got = ::pread(file, place, bytes, static_cast<off_t>(from));
        if (got <= 0) return false;
        place += got;
        from += static_cast<std::size_t>(got);
        bytes -= static_cast<std::size_t>(got);
    }
    return true;
}

// Header and sleepers, the private rows that are in use, and the rows of objects of arenas.
bool read_file(int file, observed_file& to) {
    constexpr std::size_t shared_from = core::observed_private_rows;
    if (!read_all(file, &to, offsetof(observed_file, rows), 0)) return false;
    const std::size_t used = std::min(value_of(to.header.private_rows_used), core::observed_private_rows);
    const std::size_t rows_at = offsetof(observed_file, rows);
    return read_all(file, to.rows.data(), used * sizeof(observed_row), rows_at) &&
           read_all(file, to.rows.data() + shared_from, core::observed_shared_rows * sizeof(observed_row),
                    rows_at + shared_from * sizeof(observed_row));
}

struct opened_memory {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::unique_ptr<observed_file> content;
};

opened_memory open_memory(const observed_number& number, const std::string& root) {
    opened_memory one;
    const std::uint32_t thread = living_thread_of(root, number.pid).value_or(number.pid);
    const std::string path = fmt::format("{}/{}/fd/{}", root, thread, number.number);
    const owned_fd file(::open(path.c_str(), O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
    struct stat about{};
    if (!file.is_open() || ::fstat(file.get(), &about) != 0 || !S_ISREG(about.st_mode) ||
        static_cast<std::uint64_t>(about.st_size) != sizeof(observed_file))
        return one;
    auto content = std::make_unique<observed_file>();
    if (!read_file(file.get(), *content)) return one;
    one.device = about.st_dev;
    one.inode = about.st_ino;
    one.content = std::move(content);
    return one;
}

// A sleeper's thread may have ended inside its sleep, by a jump or with its process.
void drop_gone_sleepers(observed_process& of, const std::string& root) {
    for (observed_object& one : of.objects)
        one.sleepers.erase(std::remove_if(one.sleepers.begin(), one.sleepers.end(),
                                          [&](const seen_sleeper& who) {
                                              const auto path = fmt::format("{}/{}/task/{}", root, of.pid, who.thread);
                                              struct stat about{};
                                              return ::stat(path.c_str(), &about) != 0;
                                          }),
                           one.sleepers.end());
}

} // namespace

std::int64_t observed_object::beside_now_ns(std::int64_t now_ns) const {
    if (count == 0 || above_zero_ns <= 0 || above_zero_ns > now_ns) return 0;
    std::int64_t longest = 0;
    for (const seen_sleeper& who : sleepers)
        if (!who.for_room && who.since_ns > 0 && who.since_ns <= now_ns)
            longest = std::max(longest, now_ns - std::max(who.since_ns, above_zero_ns));
    return longest;
}

std::uint64_t observed_object::calls_saved() const {
    const std::uint64_t asked = signals + takes; // modulo 2^64, whatever a hostile process says
    const std::uint64_t made = sleeps + wakes + rings;
    return asked > made ? asked - made : 0;
}

bool parse_observed(const observed_file& from, observed_process& to) {
    const core::observed_header& header = from.header;
    if (header.magic != core::observed_magic || header.version != core::observed_version ||
        header.rows != core::observed_rows || header.sleepers != core::observed_sleepers || value_of(header.is_on) == 0)
        return false;
    to.begun_ns = std::max<std::int64_t>(header.begun_ns, 0);
    to.without_row = value_of(header.without_row);
    to.objects.clear();
    std::map<std::uint32_t, std::size_t> places; // of the rows
    for (std::uint32_t i = 0; i < core::observed_rows; ++i) {
        if ((value_of(from.rows[i].flags) & core::row_lives) == 0) continue;
        places.emplace(i, to.objects.size());
        to.objects.push_back(object_in(from.rows[i]));
    }
    for (const core::observed_sleeper& one : from.sleepers) {
        const seen_sleeper who{value_of(one.thread), value_of(one.is_writer) != 0, time_in(one.since_ns)};
        const auto place = places.find(value_of(one.row));
        if (who.thread != 0 && place != places.end()) to.objects[place->second].sleepers.push_back(who);
    }
    return true;
}

std::vector<observed_process> scan_observed(const std::vector<observed_number>& numbers, const std::string& root) {
    std::map<std::pair<std::uint64_t, std::uint64_t>, observed_process> found;
    for (const observed_number& number : numbers) {
        const opened_memory memory = open_memory(number, root);
        if (memory.content == nullptr) continue;
        const std::pair key(memory.device, memory.inode);
        const bool is_named = memory.content->header.pid == number.pid;
        if (found.count(key) > 0 && !is_named) continue; // a child that was forked without libc has it, too
        observed_process one;
        if (!parse_observed(*memory.content, one)) continue;
        one.pid = number.pid;
        one.command = number.command;
        found[key] = std::move(one);
    }
    std::vector<observed_process> all;
    for (auto& [key, one] : found) {
        drop_gone_sleepers(one, root);
        code_places places(root, one.pid);
        for (observed_object& object : one.objects)
            if (object.made_at != 0) object.made_where = places.of(object.made_at);
        all.push_back(std::move(one));
    }
    std::sort(all.begin(), all.end(), [](const auto& x, const auto& y) { return x.pid < y.pid; });
    return all;
}

} // namespace efd::cli
