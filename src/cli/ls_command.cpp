// SPDX-License-Identifier: MIT
// cli/ls_command.cpp: see ls_command.hpp.
#include "cli/ls_command.hpp"

#include "cli/choice.hpp"
#include "cli/ls_report.hpp"
#include "cli/output.hpp"
#include "cli/proc_text.hpp"
#include "cli/terminal.hpp"

#include <chrono>
#include <cstdio>
#include <fmt/format.h>
#include <memory>
#include <unistd.h>

namespace efd::cli {
namespace {

constexpr int nothing_matched = 1;

struct ls_options {
    bool json = false;
    bool wide = false;
    bool kernel_alone = false;
    bool arenas_alone = false;
    std::vector<std::uint32_t> pids;
    std::optional<std::uint64_t> id;
    std::string command;
    std::string name;
    std::string order = "id";
};

// CLI11 itself takes an empty word for 0. No description: that would be appended to the option's type.
CLI::Validator number_up_to(std::uint64_t least, std::uint64_t most) {
    return CLI::Validator(
        [least, most](const std::string& given) {
            const bool is_hex = given.compare(0, 2, "0x") == 0;
            const auto number = is_hex ? number_in(std::string_view(given).substr(2), 16) : number_in(given);
            if (number && *number >= least && *number <= most) return std::string();
            return fmt::format("'{}' is no number from {} to {}", given, least, most);
        },
        "");
}

std::int64_t monotonic_ns() {
    return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

ls_order order_of(const std::string& word) {
    if (word == "count") return ls_order::count;
    if (word == "pid") return ls_order::pid;
    return word == "holders" ? ls_order::holders : ls_order::id;
}

ls_filter filter_of(const ls_options& options) {
    ls_filter filter;
    filter.pids = options.pids;
    filter.id = options.id;
    filter.command = pattern("--command", options.command);
    filter.name = pattern("--name", options.name);
    filter.has_command = !options.command.empty();
    filter.has_name = !options.name.empty();
    return filter;
}

listing look(const ls_options& options, const ls_filter& filter) {
    listing found;
    found.has_kernel = !options.arenas_alone;
    found.has_arenas = !options.kernel_alone;
    found.has_observed = !options.kernel_alone && !options.arenas_alone;
    found.proc = scan_proc({});
    if (::geteuid() == 0) found.proc.is_hiding = false; // root sees all
    if (found.has_arenas) {
        arena_scan_options how;
        how.name_directories = usual_name_directories();
        if (filter.is_set())
            how.wants = [&](const std::string& arena, const arena_object& one) { return filter.wants(arena, one); };
        found.efd = scan_arenas(found.proc.memory, how);
    }
    if (found.has_observed) {
        found.observed = scan_observed(found.proc.observed);
        found.now_ns = monotonic_ns();
    }
    if (!found.has_kernel) found.proc.eventfds.clear();
    return found;
}

int run_ls(const ls_options& options) {
    expect_open_output();
    const ls_filter filter = filter_of(options);
    listing all = look(options, filter);
    apply(filter, all);
    sort(all, order_of(options.order));
    const bool is_missed = filter.is_set() && is_empty(all);
    if (options.json)
        print_out(to_json(all).dump(2, ' ', true, nlohmann::ordered_json::error_handler_t::replace) + '\n');
    else if (!is_missed)
        print_out(to_table(all, {.columns = output_columns(), .is_wide = options.wide, .coloured = colour_wanted()}));
    if (!is_missed) return 0;
    const std::string unread =
        all.proc.unread == 0 ? "" : fmt::format(" (could not be looked at, for want of rights: {})", all.proc.unread);
    std::fputs(fmt::format("efd: nothing matches in the processes that may be seen{}; efd ls without a filter lists "
                           "all of it\n",
                           unread)
                   .c_str(),
               stderr);
    return nothing_matched;
}

} // namespace

void add_ls_command(CLI::App& app, int& status) {
    const auto options = std::make_shared<ls_options>();
    CLI::App* const ls = app.add_subcommand("ls", "Lists the eventfds of all processes, the kernel's and efd's");
    ls->add_option("--pid", options->pids, "Only those that this process has; may be given again")
        ->type_name("PID")
        ->check(number_up_to(1, INT32_MAX))
        ->allow_extra_args(false);
    ls->add_option("--command", options->command,
                   "Only those of processes whose command (/proc/PID/comm) has a match of this regular expression")
        ->type_name("REGEX");
    ls->add_option("--id", options->id, "Only the one with this id; of an arena's object also as 0x...")
        ->type_name("N")
        ->check(number_up_to(0, UINT64_MAX));
    ls->add_option("--name", options->name, "Only arenas or their objects with a match in their name")
        ->type_name("REGEX");
    ls->add_option("--sort", options->order, "By id (unless given), count, pid or holders")
        ->type_name("KEY")
        ->check(one_of({"id", "count", "pid", "holders"}));
    CLI::Option* const kernel = ls->add_flag("--kernel", options->kernel_alone, "Only those of the kernel");
    ls->add_flag("--arenas", options->arenas_alone, "Only those in arenas of efd")->excludes(kernel);
    ls->add_flag("--json", options->json, "Prints an object with all of it");
    ls->add_flag("--wide", options->wide, "Cuts nothing to the width of the terminal");
    ls->footer("docs/observe.md explains the columns, and says what cannot be seen.\n\n"
               "Exit status: 0, 1 no eventfd matches a filter, 2 misuse, 3 efd broke down.");
    ls->callback([options, &status] { status = run_ls(*options); });
}

} // namespace efd::cli
