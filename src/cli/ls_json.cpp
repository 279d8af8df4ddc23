// SPDX-License-Identifier: MIT
// cli/ls_json.cpp: what `efd ls` found, as JSON, and texts that table and JSON share; see ls_report.hpp.
#include "cli/about.hpp"
#include "cli/ls_report.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>

namespace efd::cli {
namespace {

using json = nlohmann::ordered_json;

template <class Value>
json json_of(const std::optional<Value>& known) {
    return known ? json(*known) : json(nullptr);
}

json json_of(const std::string& name) { return name.empty() ? json(nullptr) : json(name); }

json json_of(const holder& one) { return {{"pid", one.pid}, {"command", one.command}, {"numbers", one.numbers}}; }

json json_of(const kernel_eventfd& one) {
    json holders = json::array();
    for (const holder& who : one.holders) holders.push_back(json_of(who));
    json epolls = json::array();
    for (const epoll_number& epoll : one.epolls) epolls.push_back({{"pid", epoll.pid}, {"number", epoll.number}});
    return {{"id", json_of(one.id)},
            {"count", json_of(one.count)},
            {"semaphore", json_of(one.is_semaphore)},
            {"holders", std::move(holders)},
            {"epolls", std::move(epolls)}};
}

json json_of(const arena_object& one) {
    return {{"id", one.id},
            {"name", json_of(one.name)},
            {"count", one.count},
            {"semaphore", one.is_semaphore},
            {"sealed", one.is_sealed},
            {"reader_may_sleep", one.may_have_reader},
            {"writer_may_sleep", one.may_have_writer}};
}

json json_of(const seen_arena& one) {
    json objects = json::array();
    for (const arena_object& object : one.objects) objects.push_back(json_of(object));
    json holders = json::array();
    for (const arena_holder& holder : one.holders) {
        json who = json_of(holder.who);
        who["uses"] = holder.is_user;
        holders.push_back(std::move(who));
    }
    return {{"name", json_of(one.name)},
            {"identity", hex_of(one.identity)},
            {"inode", one.inode},
            {"offset", one.offset},
            {"owner", one.owner},
            {"bytes", one.bytes},
            {"slots", one.slots},
            {"live", one.live},
            {"every_slot_read", one.is_whole},
            {"processes", one.processes},
            {"entries_in_use", one.entries_in_use},
            {"entry_pids", one.entry_pids},
            {"holders", std::move(holders)},
            {"objects", std::move(objects)},
            {"objects_not_listed", one.unlisted}};
}

json json_of(const observed_object& one, std::int64_t now_ns) {
    json sleepers = json::array();
    for (const seen_sleeper& who : one.sleepers)
        sleepers.push_back({{"thread", who.thread},
                            {"for", who.for_room ? "room" : "units"},
                            {"asleep_ns", now_ns - std::min(who.since_ns, now_ns)}});
    json said{{"id", one.id},
              {"name", json_of(one.name)},
              {"count", one.count},
              {"semaphore", one.has(core::row_is_semaphore)},
              {"shared", one.has(core::row_is_shared)},
              {"sealed", one.has(core::row_was_sealed)},
              {"inherited", one.has(core::row_is_inherited)},
              {"every_call_counted", one.has(core::row_is_whole)}};
    said.update({{"signals", one.signals},
                 {"takes", one.takes},
                 {"wakes", one.wakes},
                 {"sleeps", one.sleeps},
                 {"rings", one.rings},
                 {"calls_saved", one.calls_saved()},
                 {"sleepers", std::move(sleepers)}});
    said.update({{"watched_by_descriptor", one.has(core::row_has_doorbell)},
                 {"watched_by_sets", one.sets},
                 {"watched_by_callbacks", one.callbacks > 0}});
    said.update({{"last_signaller", one.signaller == 0 ? json(nullptr) : json(one.signaller)},
                 {"last_signal_ns_ago",
                  one.signalled_ns == 0 ? json(nullptr) : json(now_ns - std::min(one.signalled_ns, now_ns))},
                 {"reader_beside_units_ns", one.beside_now_ns(now_ns)},
                 {"longest_reader_beside_units_ns", one.beside_ns},
                 {"made_by", one.made_by == 0 ? json(nullptr) : json(one.made_by)},
                 {"made_at", json_of(one.made_where)}});
    return said;
}

json json_of(const observed_process& one, std::int64_t now_ns) {
    json objects = json::array();
    for (const observed_object& object : one.objects) objects.push_back(json_of(object, now_ns));
    return {{"pid", one.pid},
            {"command", one.command},
            {"observed_ns", now_ns - std::min(one.begun_ns, now_ns)},
            {"events_without_row", one.without_row},
            {"objects", std::move(objects)}};
}

} // namespace

json to_json(const std::vector<observed_process>& all, std::int64_t now_ns) {
    json said = json::array();
    for (const observed_process& one : all) said.push_back(json_of(one, now_ns));
    return said;
}

std::string escaped(std::string_view text) {
    std::string all;
    for (const char c : text) {
        if (c == '\\')
            all += "\\\\";
        else if (c >= ' ' && c <= '~')
            all += c;
        else
            fmt::format_to(std::back_inserter(all), "\\x{:02x}", static_cast<unsigned char>(c));
    }
    return all;
}

std::string hex_of(const share::identity& arena) {
    std::string all;
    for (const std::uint8_t byte : arena) fmt::format_to(std::back_inserter(all), "{:02x}", byte);
    return all;
}

std::string_view word_of(share::refusal why) {
    switch (why) {
    case share::refusal::not_an_arena: return "its header does not begin as one";
    case share::refusal::other_version: return "it is of another version of efd";
    case share::refusal::other_byte_order: return "its byte order is another one";
    case share::refusal::damaged_header: return "its header is damaged";
    case share::refusal::wrong_size: return "the file is not as large as the header says";
    case share::refusal::other_owner: return "it belongs to another user; sudo efd ls reads it";
    default: return "it cannot be read";
    }
}

json to_json(const listing& all) {
    json said{{"version", version}, {"kernel", kernel_release()}, {"machine", machine()}};
    json eventfds = json::array();
    for (const kernel_eventfd& one : all.proc.eventfds) eventfds.push_back(json_of(one));
    json arenas = json::array();
    for (const seen_arena& one : all.efd.arenas) arenas.push_back(json_of(one));
    json refused = json::array();
    for (const refused_arena& one : all.efd.refused) {
        json who = json_of(one.who);
        who["why"] = word_of(one.why);
        refused.push_back(std::move(who));
    }
    if (all.has_kernel) said["eventfds"] = std::move(eventfds);
    if (all.has_arenas) {
        said["arenas"] = std::move(arenas);
        said["refused_arenas"] = std::move(refused);
    }
    if (all.has_observed) said["observed"] = to_json(all.observed, all.now_ns);
    if (all.has_kernel) said["under_dropin"] = all.proc.under_dropin;
    said["not_seen"] = {{"processes", all.proc.unread}, {"hidepid", all.proc.is_hiding}, {"arenas", all.efd.unread}};
    return said;
}

} // namespace efd::cli
