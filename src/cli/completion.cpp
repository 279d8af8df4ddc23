// SPDX-License-Identifier: MIT
// cli/completion.cpp: see completion.hpp: the walk over CLI11's options, and the hidden subcommand.
#include "cli/completion.hpp"

#include "cli/choice.hpp"
#include "cli/output.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

namespace efd::cli {
namespace {

completed_option completed(CLI::Option& option) {
    completed_option one;
    for (const std::string& name : option.get_snames()) one.names.push_back("-" + name);
    for (const std::string& name : option.get_lnames()) one.names.push_back("--" + name);
    one.about = option.get_description();
    one.type = option.get_type_name();
    one.type.erase(std::min(one.type.find(':'), one.type.size()));
    one.choices = choices_of(option);
    // A flag that may have a value has the value without one in braces.
    if (option.get_items_expected_min() > 0)
        one.value = completed_option::value_kind::needed;
    else if (option.get_name(false, true).find('{') != std::string::npos)
        one.value = completed_option::value_kind::optional;
    one.is_repeatable = option.get_items_expected_max() > 1;
    return one;
}

completed_command completed(CLI::App& app) {
    completed_command one;
    one.name = app.get_parent() == nullptr ? std::string() : app.get_name();
    one.about = app.get_description();
    one.takes_program = app.get_prefix_command();
    one.takes_subcommand = one.name == "help";
    for (CLI::Option* option : app.get_options())
        if (option->nonpositional() && !option->get_group().empty()) one.options.push_back(completed(*option));
    return one;
}

std::string script_of(CLI::App& app, const std::string& shell) {
    const std::vector<completed_command> commands = completed_commands(app);
    if (shell == "bash") return bash_script(commands);
    return shell == "zsh" ? zsh_script(commands) : fish_script(commands);
}

} // namespace

std::vector<completed_command> completed_commands(CLI::App& app) {
    std::vector<completed_command> all{completed(app)};
    for (CLI::App* one : app.get_subcommands([](CLI::App* any) { return !any->get_group().empty(); }))
        all.push_back(completed(*one));
    return all;
}

void add_completion_command(CLI::App& app) {
    CLI::App* const completion = app.add_subcommand("completion", "Prints the completion script of a shell");
    completion->group("");
    const auto shell = std::make_shared<std::string>();
    completion->add_option("SHELL", *shell)->required()->check(one_of({"bash", "zsh", "fish"}));
    completion->callback([&app, shell] { print_out(script_of(app, *shell)); });
}

} // namespace efd::cli
