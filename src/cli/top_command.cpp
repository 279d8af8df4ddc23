// SPDX-License-Identifier: MIT
// cli/top_command.cpp: see top_command.hpp.
#include "cli/top_command.hpp"

#include "cli/choice.hpp"
#include "cli/failure.hpp"
#include "cli/output.hpp"
#include "cli/terminal.hpp"
#include "cli/top_screen.hpp"

#include <chrono>
#include <cmath>
#include <cstdio>
#include <fmt/format.h>
#include <memory>
#include <thread>
#include <unistd.h>

namespace efd::cli {
namespace {

struct given_options {
    double interval_s = 1;
    std::string order = "signals";
    std::string wanted;
    bool once = false;
    bool json = false;
};

top_look look() {
    top_look now;
    proc_listing found = scan_proc({.is_target = nullptr});
    now.processes = scan_observed(found.observed);
    now.kernel = std::move(found.eventfds);
    now.under_dropin = std::move(found.under_dropin);
    now.at_ns = std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
    return now;
}

top_order order_of(const std::string& word) {
    for (std::size_t i = 0; i < top_orders; ++i)
        if (word_of(static_cast<top_order>(i)) == word) return static_cast<top_order>(i);
    return top_order::signals;
}

// One interval, printed.
int print_once(const given_options& given) {
    expect_open_output();
    const top_look before = look();
    std::this_thread::sleep_for(std::chrono::duration<double>(given.interval_s));
    const top_look now = look();
    const std::vector<top_row> rows = top_rows(before, now, order_of(given.order), given.wanted);
    if (given.json) {
        const double seconds = static_cast<double>(now.at_ns - before.at_ns) / 1e9;
        print_out(top_json(rows, seconds).dump(2, ' ', true, nlohmann::ordered_json::error_handler_t::replace) + '\n');
        return 0;
    }
    const std::size_t columns = std::max<std::size_t>(output_columns(), 40);
    std::string page = top_summary(rows, now, columns) + '\n' + top_title(columns) + '\n';
    for (const top_row& row : rows) page += top_line(row, columns) + '\n';
    print_out(page);
    return 0;
}

int run_top(const given_options& given) {
    if (given.once || given.json) return print_once(given);
    if (::isatty(STDIN_FILENO) != 1 || ::isatty(STDOUT_FILENO) != 1) {
        std::fputs("efd: efd top needs a terminal; efd top --once prints one interval\n", stderr);
        return misused;
    }
    return run_top_screen({given.interval_s, order_of(given.order), given.wanted}, look);
}

CLI::Validator seconds() {
    return CLI::Validator(
        [](const std::string& word) {
            char* end = nullptr;
            const double value = std::strtod(word.c_str(), &end);
            const bool is_one = !word.empty() && *end == '\0' && std::isfinite(value) && value >= 0.1 && value <= 3600;
            return is_one ? std::string() : fmt::format("'{}' is no number of seconds from 0.1 to 3600", word);
        },
        "");
}

} // namespace

void add_top_command(CLI::App& app, int& status) {
    const auto given = std::make_shared<given_options>();
    CLI::App* const top =
        app.add_subcommand("top", "Shows objects of observed processes and the kernel's eventfds as they change");
    top->add_option("--interval", given->interval_s, "How often it looks (1 unless given)")
        ->type_name("SECONDS")
        ->check(seconds());
    top->add_option("--sort", given->order, "By signals (unless given), wakes, saved, beside, count or pid")
        ->type_name("KEY")
        ->check(one_of({"signals", "wakes", "saved", "beside", "count", "pid"}));
    top->add_option("--filter", given->wanted, "Only where command, name, place or pid has this part")
        ->type_name("TEXT");
    top->add_flag("--once", given->once, "Prints one interval and ends");
    top->add_flag("--json", given->json, "The same, as an object");
    top->footer("A process is observed if it was started with EFD_OBSERVE=1 or called efd_observe. Of the kernel's "
                "eventfds the count is seen, and no call. Keys: h says them. docs/observe.md explains the columns.\n\n"
                "Exit status: 0, 2 misuse, 3 efd broke down.");
    top->callback([given, &status] { status = run_top(*given); });
}

} // namespace efd::cli
