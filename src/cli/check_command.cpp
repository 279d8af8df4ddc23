// SPDX-License-Identifier: MIT
// cli/check_command.cpp: see check_command.hpp.
#include "cli/check_command.hpp"

#ifdef EFD_WITH_DROPIN
#include "cli/check_dropin.hpp"
#endif
#include "cli/check_report.hpp"
#include "cli/choice.hpp"
#include "cli/output.hpp"
#include "cli/pattern.hpp"
#include "cli/terminal.hpp"

#include <dlfcn.h>
#include <fmt/format.h>

#include <memory>

namespace efd::cli {
namespace {

struct check_options {
    bool json = false;
    bool under_dropin = false;
    std::string claims;
    std::string profile = "default";
};

std::vector<claims::claim> chosen_claims(const check_options& options) {
    const pattern wanted("--claims", options.claims);
    std::vector<claims::claim> chosen;
    for (const claims::claim& one : claims::all_claims())
        if (wanted.matches(one.id)) chosen.push_back(one);
    if (chosen.empty())
        throw CLI::ValidationError(
            fmt::format("--claims: no claim matches '{}'; they are named K-001 and so on, `efd check` lists them all",
                        options.claims));
    return chosen;
}

claims::outcome ask(const claims::claim& what, claims::backend& of) {
    if (!of.offers(what.wants)) return not_asked();
    return claims::run_isolated(what, of);
}

std::vector<checked_claim> ask_all(const std::vector<claims::claim>& chosen, progress_line& progress) {
    const std::unique_ptr<claims::backend> kernel = claims::kernel_backend();
    const std::unique_ptr<claims::backend> library = claims::library_backend();
    const std::unique_ptr<claims::backend> descriptor = claims::descriptor_backend();
    const std::unique_ptr<claims::backend> two_processes = claims::two_processes_backend();
    std::vector<checked_claim> all;
    for (const claims::claim& one : chosen) {
        progress.tell(fmt::format("claim {}/{} {} {}", all.size() + 1, chosen.size(), one.id, one.title));
        all.push_back({.what = one,
                       .kernel = ask(one, *kernel),
                       .library = ask(one, *library),
                       .descriptor = ask(one, *descriptor),
                       .two_processes = ask(one, *two_processes)});
    }
    return all;
}

// The last column needs a process of its own: a library cannot be preloaded into a running one.
void ask_dropin([[maybe_unused]] std::vector<checked_claim>& all, [[maybe_unused]] const check_options& options,
                [[maybe_unused]] progress_line& progress) {
#ifdef EFD_WITH_DROPIN
    const auto tell = [&](std::size_t at) {
        const claims::claim& next = all[at].what;
        progress.tell(fmt::format("claim {}/{} under the drop-in {} {}", at + 1, all.size(), next.id, next.title));
    };
    const std::vector<claims::outcome> answers = ask_under_dropin(options.claims, options.profile, all.size(), tell);
    for (std::size_t at = 0; at < all.size(); ++at) all[at].dropin = answers[at];
#endif
}

#ifdef EFD_WITH_DROPIN
int answer_under_dropin(const std::vector<claims::claim>& chosen) {
    if (::dlsym(RTLD_DEFAULT, "efd_dropin_show_counts") == nullptr)
        throw std::runtime_error("the drop-in was not loaded");
    const std::unique_ptr<claims::backend> kernel = claims::kernel_backend();
    for (const claims::claim& one : chosen) print_out(line_of(ask(one, *kernel)));
    return 0;
}
#endif

int run_check(const check_options& options) {
    expect_open_output();
    const std::vector<claims::claim> chosen = chosen_claims(options);
#ifdef EFD_WITH_DROPIN
    if (options.under_dropin) return answer_under_dropin(chosen);
#endif
    progress_line progress;
    std::vector<checked_claim> all = ask_all(chosen, progress);
    ask_dropin(all, options, progress);
    progress.wipe();
    if (options.json)
        print_out(to_json(all, options.profile).dump(2) + '\n');
    else
        print_out(to_table(all, colour_wanted()));
    return totals_of(all).anything_differs() ? 1 : 0;
}

} // namespace

void add_check_command(CLI::App& app, int& status) {
    const auto options = std::make_shared<check_options>();
    CLI::App* const check = app.add_subcommand(
        "check",
        "Asks every claim about eventfd of the kernel, the library (its objects, its descriptors, and objects that two "
        "processes share) and the drop-in");
    check->add_flag("--json", options->json, "Prints an object with all claims and the totals");
    check->add_option("--claims", options->claims, "Only claims whose name has a match of this regular expression")
        ->type_name("REGEX");
    check->add_option("--profile", options->profile, "Of the drop-in: strict, default (unless given) or eager")
        ->type_name("PROFILE")
        ->check(one_of({"strict", "default", "eager"}));
#ifdef EFD_WITH_DROPIN
    check->add_flag("--under-dropin", options->under_dropin, "The process that ask_under_dropin starts")->group("");
#endif
    check->footer("Takes some ten seconds. docs/semantics.md explains each claim.\n\n"
                  "Exit status: 0 nothing differs, 1 a claim differs, 2 misuse, 3 efd broke down.");
    check->callback([options, &status] { status = run_check(*options); });
}

} // namespace efd::cli
