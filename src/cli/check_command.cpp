// cli/check_command.cpp: see check_command.hpp.
#include "cli/check_command.hpp"

#include "cli/check_report.hpp"
#include "cli/pattern.hpp"
#include "cli/terminal.hpp"

#include <fmt/format.h>

#include <memory>

namespace efd::cli {
namespace {

struct check_options {
    bool json = false;
    std::string claims;
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
    if (!of.offers(what.wants)) return {claims::verdict::not_applicable, {}};
    return claims::run_isolated(what, of);
}

std::vector<checked_claim> ask_all(const std::vector<claims::claim>& chosen) {
    const std::unique_ptr<claims::backend> kernel = claims::kernel_backend();
    const std::unique_ptr<claims::backend> library = claims::library_backend();
    progress_line line;
    std::vector<checked_claim> all;
    for (const claims::claim& one : chosen) {
        line.tell(fmt::format("claim {}/{} {} {}", all.size() + 1, chosen.size(), one.id, one.title));
        claims::outcome of_kernel = ask(one, *kernel);
        claims::outcome of_library = ask(one, *library);
        all.push_back({one, std::move(of_kernel), std::move(of_library)});
    }
    return all;
}

int run_check(const check_options& options) {
    const std::vector<checked_claim> all = ask_all(chosen_claims(options));
    if (options.json)
        fmt::print("{}\n", to_json(all).dump(2));
    else
        fmt::print("{}", to_table(all, colour_wanted()));
    return totals_of(all).anything_differs() ? 1 : 0;
}

} // namespace

void add_check_command(CLI::App& app, int& status) {
    const auto options = std::make_shared<check_options>();
    CLI::App* const check =
        app.add_subcommand("check", "Asks every claim about eventfd of the kernel and of the library");
    check->add_flag("--json", options->json, "Prints an object with all claims and the totals");
    check->add_option("--claims", options->claims, "Only claims whose name has a match of this regular expression")
        ->type_name("REGEX");
    check->footer("Exit status: 0 nothing differs, 1 a claim differs, 2 the command was misused.");
    check->callback([options, &status] { status = run_check(*options); });
}

} // namespace efd::cli
