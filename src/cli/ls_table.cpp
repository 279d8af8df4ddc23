// SPDX-License-Identifier: MIT
// cli/ls_table.cpp: the tables of `efd ls`, as wide as the terminal; see ls_report.hpp.
#include "cli/ls_report.hpp"
#include "cli/text.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <set>

namespace efd::cli {
namespace {

constexpr std::size_t count_width = 7; // of short_number

struct page {
    std::string text;
    std::size_t columns;
    bool coloured;

    std::string painted(const std::string& cell, colour with) const {
        const bool is_blank = cell.find_first_not_of(' ') == std::string::npos;
        return cli::painted(cell, with, coloured && !is_blank);
    }
    // Without trailing blanks.
    void add_line(std::string line, colour with = colour::none) {
        line.erase(line.find_last_not_of(' ') + 1);
        text += painted(line, with) + '\n';
    }
    void add_paragraph(std::string_view words, std::size_t indent) {
        for (const std::string& line : wrapped(words, columns - indent))
            add_line(std::string(indent, ' ') + shortened(line, columns - indent));
    }
};

// As many pieces as fit, and how many there are beyond them: "a 1:3, b 2:3 +5".
std::string fitted(const std::vector<std::string>& pieces, std::size_t width) {
    std::string all;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        const std::size_t rest = pieces.size() - i - 1;
        const std::string more = rest == 0 ? "" : fmt::format(" +{}", rest);
        const std::string next = (i == 0 ? "" : ", ") + pieces[i];
        if (all.size() + next.size() + more.size() <= width) {
            all += next;
            continue;
        }
        if (i > 0) { // the mark for one piece more had room when the last one was added, and may be longer now
            const std::string mark = fmt::format(" +{}", rest + 1);
            return shortened(all, width - std::min(width, mark.size())) + mark;
        }
        return shortened(next, width - std::min(width, more.size())) + more;
    }
    return all;
}

template <class Number>
std::string numbers_of(const std::vector<Number>& numbers) {
    return fmt::format("{}", fmt::join(numbers, ","));
}

enum class with_command : bool { no, yes };

std::vector<std::string> holders_of(const kernel_eventfd& one, with_command with) {
    std::vector<std::string> pieces;
    for (const holder& who : one.holders) {
        const std::string command = with == with_command::yes ? escaped(who.command) + ' ' : "";
        pieces.push_back(fmt::format("{}{}:{}", command, who.pid, numbers_of(who.numbers)));
    }
    return pieces;
}

// Without commands where not even the first holder fits with its own.
std::string held_cell(const kernel_eventfd& one, std::size_t width) {
    const std::vector<std::string> pieces = holders_of(one, with_command::yes);
    const std::string more = pieces.size() > 1 ? fmt::format(" +{}", pieces.size() - 1) : "";
    const bool is_too_long = !pieces.empty() && pieces.front().size() + more.size() > width;
    return fitted(is_too_long ? holders_of(one, with_command::no) : pieces, width);
}

std::string watched_cell(const kernel_eventfd& one, std::size_t width) {
    std::vector<std::string> pieces;
    for (const epoll_number& epoll : one.epolls) pieces.push_back(fmt::format("{}:{}", epoll.pid, epoll.number));
    return fitted(pieces, width);
}

std::string yes_or_no(const std::optional<bool>& known) { return !known ? "?" : *known ? "yes" : "no"; }

constexpr std::string_view watched_title = "watched by";

// The widths that the rows need, or else what the page has: a third of the rest at most for who watches. On a narrow
// page that is a line of its own.
struct kernel_columns {
    std::size_t id = 2;
    std::size_t held = 7;
    std::size_t watched = 0; // none
    bool is_narrow = false;

    kernel_columns(const std::vector<kernel_eventfd>& rows, std::size_t columns) {
        constexpr std::size_t between = 2;
        constexpr std::size_t least_for_both = 36;
        for (const kernel_eventfd& one : rows) {
            if (one.id) id = std::max(id, std::to_string(*one.id).size());
            held = std::max(held, held_cell(one, ls_table_options::endless).size());
            if (!one.epolls.empty())
                watched =
                    std::max({watched, watched_title.size(), watched_cell(one, ls_table_options::endless).size()});
        }
        const std::size_t rest = columns - id - count_width - 3 - 3 * between;
        is_narrow = rest < least_for_both;
        if (is_narrow) watched = 0;
        watched = std::min(watched, rest / 3);
        held = std::min(held, rest - (watched > 0 ? watched + between : 0));
    }
};

void add_kernel(page& to, const std::vector<kernel_eventfd>& rows) {
    const kernel_columns widths(rows, to.columns);
    to.add_line(fmt::format("{:>{}}  {:>{}}  {:<3}  {:<{}}  {}", "id", widths.id, "count", count_width, "sem",
                            "held by", widths.held, widths.watched > 0 ? watched_title : ""),
                colour::bold);
    for (const kernel_eventfd& one : rows) {
        const std::string id = one.id ? std::to_string(*one.id) : "?";
        const std::string count = one.count ? short_number(*one.count) : "?";
        const colour mark = one.count.value_or(0) > 0 ? colour::green : colour::none;
        to.add_line(fmt::format("{:>{}}  {}  {:<3}  {:<{}}  {}", id, widths.id,
                                to.painted(fmt::format("{:>{}}", count, count_width), mark),
                                yes_or_no(one.is_semaphore), held_cell(one, widths.held), widths.held,
                                widths.watched > 0 ? watched_cell(one, widths.watched) : ""));
        if (widths.is_narrow && !one.epolls.empty()) {
            const std::string title = fmt::format("{:<{}}  {} ", "", widths.id, watched_title);
            to.add_line(title + watched_cell(one, to.columns - title.size()));
        }
    }
}

std::string size_of(std::uint64_t bytes) {
    constexpr std::uint64_t kib = 1024;
    if (bytes < kib * kib) return fmt::format("{} KiB", bytes / kib);
    if (bytes < kib * kib * kib) return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / (kib * kib));
    return fmt::format("{:.1f} GiB", static_cast<double>(bytes) / (kib * kib * kib));
}

std::string plural(std::uint64_t number, std::string_view one, std::string_view many) {
    return fmt::format("{} {}", number, number == 1 ? one : many);
}

std::string title_of(const seen_arena& one) {
    const std::string name =
        one.name.empty() ? "without a name, " + hex_of(one.identity).substr(0, 8) : escaped(one.name);
    const std::string place = one.offset == 0 ? "" : fmt::format(", at {} of its file", one.offset);
    return fmt::format("arena {}: {} of {} objects, {} of {} processes, {}, user {}{}", name,
                       one.is_whole ? std::to_string(one.live) : fmt::format("at least {}", one.live), one.slots,
                       one.entries_in_use, one.processes, size_of(one.bytes), one.owner, place);
}

std::string users_of(const seen_arena& one, std::size_t columns) {
    std::vector<std::string> users;
    std::vector<std::string> others;
    for (const arena_holder& holder : one.holders)
        (holder.is_user ? users : others).push_back(fmt::format("{} {}", escaped(holder.who.command), holder.who.pid));
    const auto part = [&](const char* title, const std::vector<std::string>& of) {
        return of.empty() ? "" : title + fitted(of, 2 * columns);
    };
    const std::size_t unseen = one.entries_in_use > users.size() ? one.entries_in_use - users.size() : 0;
    std::string all = part("used by ", users);
    if (unseen > 0)
        all += fmt::format("{}{} not seen", all.empty() ? "used by " : " and ", plural(unseen, "process", "processes"));
    if (!others.empty()) all += (all.empty() ? "" : "; ") + part("only open in ", others);
    return all;
}

std::string asleep_of(const arena_object& one) {
    if (one.may_have_reader && one.may_have_writer) return "both";
    return one.may_have_reader ? "reader" : one.may_have_writer ? "writer" : "";
}

// On a narrow page a name is a line of its own.
void add_objects(page& to, const seen_arena& arena) {
    constexpr std::size_t asleep_width = 6;
    constexpr std::size_t least_for_names = 12;
    std::size_t id_width = 2;
    for (const arena_object& one : arena.objects) id_width = std::max(id_width, fmt::format("{:#x}", one.id).size());
    const std::size_t used = 2 + id_width + 2 + count_width + 2 + 3 + 2 + asleep_width + 2;
    const bool is_narrow = to.columns < used + least_for_names;
    const std::string indent(is_narrow ? 0 : 2, ' ');
    to.add_line(fmt::format("{}{:<{}}  {:>{}}  {:<3}  {:<{}}  {}", indent, "id", id_width, "count", count_width, "sem",
                            "asleep", asleep_width, is_narrow ? "" : "name"),
                colour::bold);
    for (const arena_object& one : arena.objects) {
        const bool is_beside_unit = one.may_have_reader && one.count > 0;
        const std::string count = to.painted(fmt::format("{:>{}}", short_number(one.count), count_width),
                                             one.count > 0 ? colour::green : colour::none);
        const std::string asleep = to.painted(fmt::format("{:<{}}", asleep_of(one), asleep_width),
                                              is_beside_unit ? colour::yellow : colour::none);
        const std::string name = is_narrow ? "" : shortened(escaped(one.name), to.columns - used);
        to.add_line(fmt::format("{}{:<#{}x}  {}  {:<3}  {}  {}", indent, one.id, id_width, count,
                                yes_or_no(one.is_semaphore), asleep, name));
        if (is_narrow && !one.name.empty()) to.add_line("    " + shortened(escaped(one.name), to.columns - 4));
    }
}

void add_arena(page& to, const seen_arena& one) {
    to.add_paragraph(title_of(one), 0);
    const std::string users = users_of(one, to.columns);
    if (!users.empty()) to.add_paragraph(users, 2);
    if (!one.objects.empty()) add_objects(to, one);
    if (one.unlisted > 0) to.add_line(fmt::format("  and {} more", plural(one.unlisted, "object", "objects")));
}

void add_notes(page& to, const listing& all) {
    if (all.has_kernel && !all.proc.under_dropin.empty())
        to.add_paragraph(fmt::format("Under the drop-in, whose cached units are in no count above: {}.",
                                     fmt::join(all.proc.under_dropin, ", ")),
                         0);
    for (const refused_arena& one : all.efd.refused)
        to.add_paragraph(fmt::format("Memory of {} {} is called an arena, and cannot be read as one: {}.",
                                     escaped(one.who.command), one.who.pid, word_of(one.why)),
                         0);
    if (all.efd.unread > 0)
        to.add_paragraph(fmt::format("{} not looked into: together they are too large.",
                                     plural(all.efd.unread, "arena was", "arenas were")),
                         0);
    if (all.proc.unread > 0)
        to.add_paragraph(fmt::format("{} could not be looked at: of other users, or protected. Root with "
                                     "CAP_SYS_PTRACE sees them: sudo efd ls.",
                                     plural(all.proc.unread, "process", "processes")),
                         0);
    if (all.proc.is_hiding)
        to.add_paragraph("/proc is mounted with hidepid, which hides processes of other users. Root sees them: "
                         "sudo efd ls.",
                         0);
}

std::string totals_of(const listing& all) {
    std::set<std::uint32_t> pids;
    for (const kernel_eventfd& one : all.proc.eventfds)
        for (const holder& who : one.holders) pids.insert(who.pid);
    std::uint64_t objects = 0;
    for (const seen_arena& one : all.efd.arenas) objects += one.objects.size() + one.unlisted;
    std::vector<std::string> parts;
    if (all.has_kernel)
        parts.push_back(fmt::format("{} of the kernel in {}", plural(all.proc.eventfds.size(), "eventfd", "eventfds"),
                                    plural(pids.size(), "process", "processes")));
    if (all.has_arenas)
        parts.push_back(fmt::format("{} with {}", plural(all.efd.arenas.size(), "arena", "arenas"),
                                    plural(objects, "object", "objects")));
    std::uint64_t observed = 0;
    for (const observed_process& one : all.observed) observed += one.objects.size();
    if (!all.observed.empty())
        parts.push_back(fmt::format("{} with {}", plural(all.observed.size(), "observed process", "observed processes"),
                                    plural(observed, "object", "objects")));
    return fmt::format("{}.", fmt::join(parts, "; "));
}

} // namespace

std::string to_table(const listing& all, const ls_table_options& options) {
    page to{{}, options.width(), options.coloured};
    if (!all.proc.eventfds.empty()) {
        add_kernel(to, all.proc.eventfds);
        to.text += '\n';
    }
    for (const seen_arena& one : all.efd.arenas) {
        add_arena(to, one);
        to.text += '\n';
    }
    to.text += observed_to_table(all.observed, all.now_ns, options);
    to.add_paragraph(totals_of(all), 0);
    add_notes(to, all);
    return to.text;
}

} // namespace efd::cli
