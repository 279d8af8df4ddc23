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

std::vector<checked_claim> ask_all(const std::vector<claims::claim>& chosen, bool under_dropin) {
    const std::unique_ptr<claims::backend> kernel = claims::kernel_backend();
    const std::unique_ptr<claims::backend> library = claims::library_backend();
    const std::unique_ptr<claims::backend> descriptor = claims::descriptor_backend();
    progress_line line;
    std::vector<checked_claim> all;
    for (const claims::claim& one : chosen) {
        line.tell(fmt::format("claim {}/{} {} {}", all.size() + 1, chosen.size(), one.id, one.title));
        checked_claim& now = all.emplace_back(checked_claim{.what = one});
        now.kernel = ask(one, *kernel);
        if (under_dropin) continue;
        now.library = ask(one, *library);
        now.descriptor = ask(one, *descriptor);
    }
    return all;
}

// The last column, by a process of its own: a library cannot be preloaded into one that runs already.
void ask_dropin([[maybe_unused]] std::vector<checked_claim>& all, [[maybe_unused]] const check_options& options) {
#ifdef EFD_WITH_DROPIN
    progress_line line;
    line.tell("the kernel's claims once more, under the drop-in");
    const auto said = ask_under_dropin(options.claims, options.profile);
    for (checked_claim& one : all)
        if (const auto found = said.find(one.what.id); found != said.end()) one.dropin = found->second;
#endif
}

int run_check(const check_options& options) {
    expect_open_output();
    if (options.under_dropin && ::dlsym(RTLD_DEFAULT, "efd_dropin_show_counts") == nullptr)
        throw std::runtime_error("the drop-in was not loaded");
    std::vector<checked_claim> all = ask_all(chosen_claims(options), options.under_dropin);
    if (!options.under_dropin) ask_dropin(all, options);
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
        "check", "Asks every claim about eventfd of the kernel, the library, its descriptors and the drop-in");
    check->add_flag("--json", options->json, "Prints an object with all claims and the totals");
    check->add_option("--claims", options->claims, "Only claims whose name has a match of this regular expression")
        ->type_name("REGEX");
    check->add_option("--profile", options->profile, "Of the drop-in: strict, default (unless given) or eager")
        ->type_name("PROFILE")
        ->check(one_of({"strict", "default", "eager"}));
    check->add_flag("--under-dropin", options->under_dropin, "Asks the kernel alone, through the drop-in")->group("");
    check->footer("Takes some ten seconds. docs/semantics.md explains each claim.\n\n"
                  "Exit status: 0 nothing differs, 1 a claim differs, 2 misuse, 3 efd broke down.");
    check->callback([options, &status] { status = run_check(*options); });
}

} // namespace efd::cli
