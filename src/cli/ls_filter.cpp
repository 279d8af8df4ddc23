// SPDX-License-Identifier: MIT
// cli/ls_filter.cpp: what `efd ls` leaves out, and in which order the rest is; see ls_report.hpp.
#include "cli/ls_report.hpp"

#include <algorithm>
#include <functional>
#include <utility>

namespace efd::cli {
namespace {

std::uint32_t first_pid(const kernel_eventfd& one) { return one.holders.empty() ? 0 : one.holders.front().pid; }
std::uint32_t first_pid(const seen_arena& one) { return one.holders.empty() ? 0 : one.holders.front().who.pid; }

template <class Rows, class Key>
void sort_by(Rows& rows, Key key) {
    std::stable_sort(rows.begin(), rows.end(), [&](const auto& x, const auto& y) { return key(x) < key(y); });
}

// Those without an id come last.
std::uint64_t id_order(const kernel_eventfd& one) {
    constexpr std::uint64_t last = UINT64_MAX;
    return one.id ? std::uint64_t{*one.id} : last;
}

// From the greatest on; an unknown count is none.
std::uint64_t falling(std::uint64_t count) { return ~count; }

} // namespace

bool ls_filter::wants(const holder& one) const {
    const bool is_asked = pids.empty() || std::find(pids.begin(), pids.end(), one.pid) != pids.end();
    return is_asked && command.matches(one.command);
}

bool ls_filter::wants(const std::string& arena, const arena_object& object) const {
    if (id && *id != object.id) return false;
    return !has_name || (!arena.empty() && name.matches(arena)) || (!object.name.empty() && name.matches(object.name));
}

bool ls_filter::wants_without_objects(const seen_arena& arena) const {
    return !id && (!has_name || (!arena.name.empty() && name.matches(arena.name)));
}

bool ls_filter::wants(const observed_process& process) const { return wants(holder{process.pid, process.command, {}}); }

bool ls_filter::wants(const observed_object& object) const {
    if (id && *id != object.id) return false;
    return !has_name || (!object.name.empty() && name.matches(object.name));
}

void apply(const ls_filter& filter, listing& all) {
    if (!filter.is_set()) return;
    for (observed_process& one : all.observed)
        std::erase_if(one.objects, [&](const observed_object& object) { return !filter.wants(object); });
    std::erase_if(all.observed, [&](const observed_process& one) {
        const bool asks_objects = filter.id || filter.has_name;
        return !filter.wants(one) || (asks_objects && one.objects.empty());
    });
    const auto is_held = [&](const auto& holders, auto who_of) {
        return std::any_of(holders.begin(), holders.end(), [&](const auto& one) { return filter.wants(who_of(one)); });
    };
    std::erase_if(all.proc.eventfds, [&](const kernel_eventfd& one) {
        const bool is_other = filter.id && (!one.id || *filter.id != *one.id);
        return is_other || filter.has_name || !is_held(one.holders, std::identity());
    });
    std::erase_if(all.efd.arenas, [&](const seen_arena& one) {
        if (!is_held(one.holders, [](const arena_holder& h) -> const holder& { return h.who; })) return true;
        return one.objects.empty() && one.unlisted == 0 && !filter.wants_without_objects(one);
    });
    std::erase_if(all.efd.refused,
                  [&](const refused_arena& one) { return filter.id || filter.has_name || !filter.wants(one.who); });
}

void sort(listing& all, ls_order order) {
    std::vector<kernel_eventfd>& rows = all.proc.eventfds;
    std::vector<seen_arena>& arenas = all.efd.arenas;
    sort_by(rows, id_order);
    sort_by(arenas, [](const seen_arena& one) { return std::pair(one.name.empty(), one.name); }); // the unnamed last
    for (seen_arena& one : arenas) sort_by(one.objects, [](const arena_object& object) { return object.id; });
    switch (order) {
    case ls_order::id: break;
    case ls_order::count:
        sort_by(rows, [](const kernel_eventfd& one) { return falling(one.count.value_or(0)); });
        for (seen_arena& one : arenas)
            sort_by(one.objects, [](const arena_object& object) { return falling(object.count); });
        for (observed_process& one : all.observed)
            sort_by(one.objects, [](const observed_object& object) { return falling(object.count); });
        break;
    case ls_order::pid:
        sort_by(rows, [](const kernel_eventfd& one) { return first_pid(one); });
        sort_by(arenas, [](const seen_arena& one) { return first_pid(one); });
        break;
    case ls_order::holders:
        sort_by(rows, [](const kernel_eventfd& one) { return falling(one.holders.size()); });
        sort_by(arenas, [](const seen_arena& one) { return falling(one.holders.size()); });
        break;
    }
}

bool is_empty(const listing& all) {
    return all.proc.eventfds.empty() && all.efd.arenas.empty() && all.efd.refused.empty() && all.observed.empty();
}

} // namespace efd::cli
