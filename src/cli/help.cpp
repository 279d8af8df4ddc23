// SPDX-License-Identifier: MIT
// cli/help.cpp: see help.hpp.
#include "cli/help.hpp"

#include "cli/about.hpp"
#include "cli/output.hpp"
#include "cli/text.hpp"
#ifdef EFD_WITH_DROPIN
#include "cli/preload.hpp"
#endif

#include <efd/efd.h>

#include <dlfcn.h>
#include <filesystem>
#include <fmt/format.h>
#include <memory>

namespace efd::cli {
namespace {

constexpr std::size_t left_width = 26;

// A name and its meaning, in lines of a page.
std::string entry(const std::string& name, const std::string& meaning) {
    const std::vector<std::string> lines = wrapped(meaning, columns_of_a_page - left_width);
    std::string said = fmt::format("  {:<{}}", name, left_width - 2);
    if (said.size() > left_width) said += '\n' + std::string(left_width, ' ');
    for (std::size_t i = 0; i < lines.size(); ++i)
        said += (i == 0 ? "" : std::string(left_width, ' ')) + lines[i] + '\n';
    return said;
}

class page_format : public CLI::Formatter {
  public:
    std::string make_usage(const CLI::App* app, std::string name) const override {
        std::string said = "\nUsage: " + name;
        if (app->get_parent() == nullptr) return said + " SUBCOMMAND [OPTIONS]\n";
        said += app->get_name() == "help" ? " [SUBCOMMAND]" : " [OPTIONS]";
        if (app->get_name() == "stat") return said + " -- PROGRAM [ARGUMENTS]\n       " + name + " [OPTIONS] -p PID\n";
        if (app->get_name() == "run") said += " -- PROGRAM [ARGUMENTS]";
        return said + '\n';
    }
    std::string make_description(const CLI::App* app) const override { return paragraph(app->get_description(), 0); }
    std::string make_positionals(const CLI::App* /*app*/) const override { return {}; }
    std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override {
        return CLI::detail::find_and_replace(CLI::Formatter::make_help(app, std::move(name), mode), "\n\n\n", "\n\n");
    }
    std::string make_option(const CLI::Option* option, bool /*is_positional*/) const override {
        std::string name = CLI::detail::find_and_replace(option->get_name(false, true), ",", ", ");
        std::string type = option->get_type_name();
        type.erase(std::min(type.find(':'), type.size())); // without the validators' own descriptions
        const std::size_t value = name.find('{');          // of a flag with an optional value
        if (value != std::string::npos)
            name.replace(value, std::string::npos, "[=" + type + "]");
        else if (option->get_expected_min() > 0 && !type.empty())
            name += ' ' + type;
        return entry(name, option->get_description());
    }
    std::string make_subcommand(const CLI::App* sub) const override {
        return entry(sub->get_name(), sub->get_description());
    }
};

// The file that a function is in: which library this process has loaded.
std::string file_of(const void* function) {
    Dl_info found{};
    if (::dladdr(function, &found) == 0 || found.dli_fname == nullptr) return "inside the command"; // a static one
    std::error_code none;
    const std::filesystem::path path = std::filesystem::canonical(found.dli_fname, none);
    return none ? found.dli_fname : path.string();
}

std::string dropin_place() {
#ifdef EFD_WITH_DROPIN
    try {
        return find_dropin().string();
    } catch (const std::exception& why) {
        return fmt::format("none: {}", why.what());
    }
#else
    return "none: this build is without it";
#endif
}

void tell_version() {
    print_out(fmt::format("efd {}\nlibrary  {}\ndrop-in  {}\n", version,
                          file_of(reinterpret_cast<const void*>(&::efd_create)), dropin_place()));
}

void tell_help(CLI::App& app, const std::string& about) {
    const auto known = app.get_subcommands([&](const CLI::App* one) { return one->get_name() == about; });
    // app.help() prints the help of the subcommand that was given, which is this one.
    if (about.empty())
        return print_out(app.get_formatter()->make_help(&app, app.get_name(), CLI::AppFormatMode::Normal));
    if (known.empty())
        throw CLI::ValidationError(
            fmt::format("there is no subcommand '{}'; there are {}", about, subcommand_names(app)));
    print_out(known.front()->help(app.get_name()));
}

} // namespace

void set_help_format(CLI::App& app) {
    app.formatter(std::make_shared<page_format>());
    app.set_help_flag("-h,--help", "Prints this help");
}

void add_telling_commands(CLI::App& app) {
    CLI::App* const tells_help = app.add_subcommand("help", "Prints the help of efd, or of a subcommand");
    const auto about = std::make_shared<std::string>();
    tells_help->add_option("SUBCOMMAND", *about);
    tells_help->callback([&app, about] { tell_help(app, *about); });
    CLI::App* const tells_version =
        app.add_subcommand("version", "Prints the version, and where library and drop-in are");
    tells_version->callback(tell_version);
}

std::string subcommand_names(const CLI::App& app) {
    std::vector<std::string> names;
    for (const CLI::App* one : app.get_subcommands([](const CLI::App* one) { return !one->get_group().empty(); }))
        names.push_back(one->get_name());
    return listed(names, "and");
}

} // namespace efd::cli
