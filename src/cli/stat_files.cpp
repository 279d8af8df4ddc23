// SPDX-License-Identifier: MIT
// cli/stat_files.cpp: see stat_files.hpp.
#include "cli/stat_files.hpp"

#include "cli/owned_fd.hpp"
#include "cli/proc_text.hpp"

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <fmt/format.h>
#include <string_view>
#include <unistd.h>

namespace efd::cli {
namespace {

constexpr int dropin_numbers = 65'536; // as in dropin/table/table.hpp

bool is_number_of_dropin(int number) { return number > STDERR_FILENO && number < dropin_numbers; }

bool names(pid_t tid, int number, std::string_view kind) {
    std::array<char, 64> target{};
    const ssize_t length =
        ::readlink(fmt::format("/proc/{}/fd/{}", tid, number).c_str(), target.data(), target.size() - 1);
    return length > 0 && std::string_view(target.data(), static_cast<std::size_t>(length)) == kind;
}

} // namespace

std::string proc_text_of(const std::string& path) {
    constexpr std::size_t most = 1U << 20;
    const owned_fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    std::string text;
    std::array<char, 4096> piece{};
    for (ssize_t got = 1; file.is_open() && got > 0 && text.size() < most;) {
        got = ::read(file.get(), piece.data(), piece.size());
        if (got > 0) text.append(piece.data(), static_cast<std::size_t>(got));
    }
    return text;
}

std::string command_of(pid_t process) {
    std::string name = proc_text_of(fmt::format("/proc/{}/comm", process));
    if (!name.empty() && name.back() == '\n') name.pop_back();
    std::replace_if(name.begin(), name.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
    return name.empty() ? "?" : name;
}

stat_eventfd* stat_files::look_up(const traced_thread& by, int number) {
    if (!names(by.tid, number, "anon_inode:[eventfd]")) return nullptr;
    const eventfd_facts facts = eventfd_in(proc_text_of(fmt::format("/proc/{}/fdinfo/{}", by.tid, number)));
    if (!facts.count) return nullptr;
    if (facts.id) {
        if (const auto known = by_id_.find(*facts.id); known != by_id_.end()) return known->second;
    }
    stat_eventfd& found = ledger_.add(by.process, number, command_of(by.process));
    found.count = *facts.count;
    found.is_semaphore = facts.is_semaphore.value_or(false);
    found.id = facts.id;
    if (!assumes_made_) found.forecast.demote(dropin::reason::forked);
    if (!is_number_of_dropin(number)) found.forecast.demote(dropin::reason::denied);
    if (facts.id) by_id_[*facts.id] = &found;
    return &found;
}

stat_eventfd* stat_files::find(const traced_thread& by, int number) {
    if (number < 0) return nullptr;
    if (unsure_.contains(by.process)) return look_up(by, number);
    table& known = tables_[by.process];
    const auto at = known.numbers.find(number);
    if (at != known.numbers.end()) return at->second;
    return known.numbers[number] = look_up(by, number);
}

// The kernel gives the id of a closed eventfd to a later one, so a new one replaces what had its id.
void stat_files::make(const traced_thread& by, int number, std::uint64_t initial, bool is_semaphore) {
    const eventfd_facts facts = eventfd_in(proc_text_of(fmt::format("/proc/{}/fdinfo/{}", by.tid, number)));
    stat_eventfd& made = ledger_.add(by.process, number, command_of(by.process));
    made.id = facts.id;
    made.count = initial;
    made.is_semaphore = is_semaphore;
    if (facts.id) by_id_[*facts.id] = &made;
    table& known = tables_[by.process];
    if (known.for_good != dropin::reason::none) made.forecast.demote(known.for_good);
    if (!is_number_of_dropin(number)) made.forecast.demote(dropin::reason::denied);
    known.numbers[number] = &made;
}

const std::vector<stat_eventfd*>& stat_files::watched_by(const traced_thread& by, int epoll) {
    table& known = tables_[by.process];
    if (const auto at = known.epolls.find(epoll); at != known.epolls.end()) return at->second;
    std::vector<stat_eventfd*>& members = known.epolls[epoll];
    for (const epoll_entry& one : epoll_entries_in(proc_text_of(fmt::format("/proc/{}/fdinfo/{}", by.tid, epoll))))
        if (stat_eventfd* const member = find(by, static_cast<int>(one.target)); member != nullptr)
            members.push_back(member);
    return members;
}

void stat_files::watch(const traced_thread& by, int epoll, stat_eventfd* one) {
    (void)watched_by(by, epoll);
    std::vector<stat_eventfd*>& members = tables_[by.process].epolls[epoll];
    if (std::find(members.begin(), members.end(), one) == members.end()) members.push_back(one);
}

void stat_files::unwatch(const traced_thread& by, int epoll, const stat_eventfd* one) {
    std::erase(tables_[by.process].epolls[epoll], one);
}

void stat_files::forget(const traced_thread& by, int number) {
    table& known = tables_[by.process];
    known.numbers.erase(number);
    known.epolls.erase(number);
}

void stat_files::forget_all(pid_t process) {
    table& known = tables_[process];
    known.numbers.clear();
    known.epolls.clear();
}

void stat_files::begin_anew(pid_t process) {
    tables_.erase(process);
    unsure_.erase(process);
}

void stat_files::demote_all(pid_t process, dropin::reason why) {
    for (const auto& [number, one] : tables_[process].numbers)
        if (one != nullptr) one->forecast.demote(why);
}

void stat_files::demote_for_good(pid_t process, dropin::reason why) {
    demote_all(process, why);
    tables_[process].for_good = why;
}

} // namespace efd::cli
