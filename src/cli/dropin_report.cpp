// SPDX-License-Identifier: MIT
// cli/dropin_report.cpp: see dropin_report.hpp.
#include "cli/dropin_report.hpp"

#include "cli/about.hpp"
#include "dropin/rules/evidence.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace efd::cli {
namespace {

using dropin::reason;

constexpr std::array<std::string_view, static_cast<std::size_t>(reason::reasons)> reason_names = {
    "",
    "watched edge-triggered (EPOLLET)",
    "in an epoll that another process may watch",
    "watched exclusively (EPOLLEXCLUSIVE)",
    "passed to another process (SCM_RIGHTS, pidfd_getfd)",
    "open across exec or spawn",
    "another process has it since fork",
    "an ioctl that may consume it",
    "given to POSIX AIO or stdio",
    "read by somebody else",
    "a write of 2^32 or more",
    "read by several at once",
    "an io_uring or AIO context may read it",
    "by the rules (--allow, --deny)",
    "a thread with descriptors of its own, or a process with ours (CLONE_FILES)",
    "read or written by another call than read() and write() (readv, writev, syscall)",
    "written from memory that cannot be looked at",
    "the process forbids itself system calls (seccomp)",
    "it has another number (dup, dup2, F_DUPFD)",
    "its count was looked at (/proc/self/fdinfo)",
    "read into memory that may be none",
    "a library of its process does not call the drop-in (RTLD_DEEPBIND, dlmopen)",
};
static_assert(!reason_names.back().empty());

std::string printable(const char* text, std::size_t room) {
    std::string said(text, ::strnlen(text, room));
    std::replace_if(said.begin(), said.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
    return said.empty() ? "?" : said;
}

dropin_counts counts_of(const dropin::tally& from) {
    const std::uint64_t uncached_writes = from.uncached_writes.load(base::relaxed);
    const std::uint64_t uncached_reads = from.uncached_reads.load(base::relaxed);
    dropin_counts counts;
    counts.writes = uncached_writes + from.cached_writes.load(base::relaxed);
    counts.reads = uncached_reads + from.cached_reads.load(base::relaxed);
    counts.kernel_writes = uncached_writes + from.flushes.load(base::relaxed);
    counts.kernel_reads = uncached_reads;
    return counts;
}

void add(dropin_counts& to, const dropin_counts& more) {
    to.writes += more.writes;
    to.reads += more.reads;
    to.kernel_writes += more.kernel_writes;
    to.kernel_reads += more.kernel_reads;
}

dropin_line line_of(const dropin::report_record& from, std::uint32_t id) {
    const reason why = from.demoted_for.load(base::relaxed);
    dropin_line line;
    line.id = id;
    line.process = from.process;
    line.descriptor = from.descriptor;
    line.site = printable(from.site, sizeof from.site);
    line.semaphore = from.semaphore != 0;
    line.promoted = from.was_promoted.load(base::relaxed) != 0;
    line.demoted = why != reason::none;
    if (line.demoted) line.why = name_of(why);
    line.writes_unread = from.counted.redundant.load(base::relaxed);
    line.uncached_reads = from.counted.uncached_reads.load(base::relaxed);
    line.counts = counts_of(from.counted);
    return line;
}

nlohmann::json to_json(const dropin_counts& counts) {
    return {{"writes", counts.writes},
            {"reads", counts.reads},
            {"kernel_writes", counts.kernel_writes},
            {"kernel_reads", counts.kernel_reads},
            {"saved", counts.saved()}};
}

} // namespace

std::string name_of(reason why) {
    const auto number = static_cast<std::size_t>(why);
    return number < reason_names.size() ? std::string(reason_names[number]) : "unknown";
}

dropin_report read_report(const dropin::region& all) {
    dropin_report report;
    const std::uint32_t last = std::min(all.header.given_out.load(base::acquire), dropin::most_records);
    report.eventfds = last;
    report.untracked = all.header.untracked.load(base::relaxed);
    report.processes = all.header.processes.load(base::relaxed);
    add(report.total, counts_of(all.records[0].counted));
    for (std::uint32_t id = 1; id <= last; ++id) {
        report.lines.push_back(line_of(all.records[id], id));
        add(report.total, report.lines.back().counts);
    }
    return report;
}

std::string explanation(const dropin_line& line) {
    using dropin::reads_enough;
    using dropin::useful_enough;
    if (line.demoted) return fmt::format("{}demoted: {}", line.promoted ? "promoted, then " : "", line.why);
    if (line.promoted) return "promoted: writes while one is unread stay in user space";
    if (line.writes_unread >= useful_enough && line.uncached_reads >= reads_enough)
        return "not promoted: a ring, an AIO context or a nested epoll of its process may watch it";
    return fmt::format("too little evidence: {} of {} writes while one is unread, {} of {} reads",
                       std::min<std::uint64_t>(line.writes_unread, useful_enough), useful_enough,
                       std::min<std::uint64_t>(line.uncached_reads, reads_enough), reads_enough);
}

nlohmann::json to_json(const dropin_report& report) {
    nlohmann::json said = to_json(report.total);
    said["version"] = version;
    said["kernel"] = kernel_release();
    said["profile"] = report.profile;
    if (!report.kind.empty()) said["kind"] = report.kind;
    if (!report.why_not.empty()) said["why_not"] = report.why_not;
    said["eventfds"] = report.eventfds;
    said["untracked"] = report.untracked;
    said["processes"] = report.processes;
    said["still_running"] = report.still_running;
    said["demoted"] = nlohmann::json::array();
    said["each"] = nlohmann::json::array();
    for (const dropin_line& one : report.lines) {
        nlohmann::json line = to_json(one.counts);
        line["id"] = one.id;
        line["process"] = one.process;
        line["descriptor"] = one.descriptor;
        line["site"] = one.site;
        line["semaphore"] = one.semaphore;
        line["promoted"] = one.promoted;
        line["demoted"] = one.demoted;
        line["writes_unread"] = one.writes_unread;
        line["why"] = explanation(one);
        said["each"].push_back(std::move(line));
        if (one.demoted) said["demoted"].push_back({{"id", one.id}, {"reason", one.why}});
    }
    return said;
}

} // namespace efd::cli
