// SPDX-License-Identifier: MIT
// cli/completion_scripts.cpp: see completion.hpp: what is written for bash, zsh and fish.
//
// Descriptions are ASCII and may have quotes, colons and brackets; each shell's escapes are in one function.
#include "cli/completion.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string_view>

namespace efd::cli {
namespace {

using value_kind = completed_option::value_kind;

constexpr const char* opening = "{} for efd, by `efd completion {}`\n";

std::vector<std::string> option_names(const completed_command& of) {
    std::vector<std::string> names;
    for (const completed_option& option : of.options)
        names.insert(names.end(), option.names.begin(), option.names.end());
    return names;
}

std::vector<std::string> command_names(const std::vector<completed_command>& commands) {
    std::vector<std::string> names;
    for (const completed_command& one : commands)
        if (!one.name.empty()) names.push_back(one.name);
    return names;
}

std::vector<std::string> program_takers(const std::vector<completed_command>& commands) {
    std::vector<std::string> names;
    for (const completed_command& one : commands)
        if (one.takes_program) names.push_back(one.name);
    return names;
}

std::string escaped(std::string_view text, std::string_view what, std::string_view before) {
    std::string said;
    for (const char c : text) {
        if (what.find(c) != std::string_view::npos) said += before;
        said += c;
    }
    return said;
}

bool is_file(const completed_option& option) {
    return option.type == "FILE" || option.type == "DIR" || option.type.find(".json") != std::string::npos;
}

// ---- bash: a function that needs nothing of bash-completion, and uses it for the words of a program if it is loaded

std::string bash_value(const completed_option& option) {
    if (!option.choices.empty()) return fmt::format("_efd_words '{}'", fmt::join(option.choices, " "));
    if (is_file(option)) return "_efd_files";
    if (option.type == "PID") return "_efd_pids";
    return ":";
}

constexpr const char* bash_head = R"bash(# shellcheck shell=bash
_efd_words() { mapfile -t COMPREPLY < <(compgen -W "$1" -- "$word"); }
_efd_options_or() { # options where a dash is given, or where there is nothing else
    if [[ $word == -* || -z $2 ]]; then _efd_words "$1"; else _efd_words "$2"; fi
}
_efd_pids() { _efd_words "$(cd /proc && echo [0-9]*)"; }
_efd_files() {
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$word")
}
# The program that efd is to run, from word $1 on.
_efd_program() {
    if ((COMP_CWORD == $1)); then
        mapfile -t COMPREPLY < <(compgen -c -- "$word")
    elif declare -F _command_offset >/dev/null; then
        _command_offset "$1"
    else
        _efd_files
    fi
}
_efd() {
    local word="" command="" option="" last="" at
    COMPREPLY=()
    for ((at = 1; at <= COMP_CWORD; ++at)); do
        word="${COMP_WORDS[at]}"
        if [[ $word == = && $last == --* ]]; then # readline divides --option=value into three words
            option="$last" word="" last="="
            continue
        fi
        ((at < COMP_CWORD)) || break
        if [[ -n $option ]]; then
            option="" # this word was its value
        elif [[ -z $command ]]; then
            [[ $word == -* ]] || command="$word"
        elif [[ $word == -- ]] && _efd_takes_program; then
            word="${COMP_WORDS[COMP_CWORD]}"
            _efd_program $((at + 1))
            return
        elif [[ $word != -* ]] && _efd_takes_program; then
            word="${COMP_WORDS[COMP_CWORD]}"
            _efd_program "$at"
            return
        elif [[ ${COMP_WORDS[at + 1]} != = ]] && _efd_needs_value; then
            option="$word"
        fi
        last="$word"
    done
    if [[ -z $option && $word != -* ]] && _efd_takes_program; then
        _efd_program "$COMP_CWORD"
        return
    fi
    case "$command $option" in
)bash";

// ---- zsh: _arguments with a description for each option

std::string zsh_value(const completed_option& option) {
    if (!option.choices.empty()) return fmt::format(":{}:({})", option.type, fmt::join(option.choices, " "));
    if (option.type == "DIR") return ":DIR:_files -/";
    if (is_file(option)) return fmt::format(":{}:_files", option.type);
    if (option.type == "PID") return ":PID:_pids";
    return fmt::format(":{}: ", option.type);
}

std::string zsh_quoted(std::string_view text) {
    return escaped(escaped(text, "[]:\\", "\\"), "'", "'\\'"); // inside '...'
}

std::string zsh_option(const completed_option& option) {
    const std::string about = fmt::format("[{}]", zsh_quoted(option.about));
    const std::string others = option.is_repeatable ? "*" : fmt::format("({})", fmt::join(option.names, " "));
    std::string said;
    for (const std::string& name : option.names) {
        std::string value;
        if (option.value == value_kind::needed)
            value = fmt::format("{}'{}{}'", name.starts_with("--") ? "=" : "+", about, zsh_value(option));
        else if (option.value == value_kind::optional)
            value = fmt::format("=-'{}:{}'", about, zsh_value(option));
        else
            value = fmt::format("'{}'", about);
        said += fmt::format("                '{}'{}{} \\\n", others, name, value);
    }
    return said;
}

// ---- fish: a line for each option

std::string fish_quoted(std::string_view text) { return "'" + escaped(text, "'\\", "\\") + "'"; }

std::string fish_option(const completed_command& of, const completed_option& option) {
    std::string said =
        fmt::format("complete -c efd -n {}", of.name.empty() ? "__efd_first" : fish_quoted("__efd_in " + of.name));
    for (const std::string& name : option.names)
        said += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
    if (option.value == value_kind::needed) {
        said += is_file(option) ? " -rF" : " -x";
        if (!option.choices.empty()) said += " -a " + fish_quoted(fmt::format("{}", fmt::join(option.choices, " ")));
        if (option.type == "PID") said += " -a '(__fish_complete_pids)'";
    }
    said += " -d " + fish_quoted(option.about) + "\n";
    if (option.value != value_kind::optional) return said;
    for (const std::string& name : option.names) { // fish has no option whose value may only follow a `=`
        std::string words;
        for (const std::string& word : option.choices) words += fmt::format("{}={} ", name, word);
        said += fmt::format("complete -c efd -n '__efd_in {}; and __efd_begins {}=' -a '{}'\n", of.name, name, words);
    }
    return said;
}

constexpr const char* fish_head = R"(function __efd_first # no subcommand yet
    test (count (commandline -opc)) -eq 1
end
function __efd_in # the subcommand is $argv[1], and no -- is given
    set -l words (commandline -opc)
    test (count $words) -gt 1; and test "$words[2]" = $argv[1]; and not contains -- -- $words
end
function __efd_begins
    string match -q -- "$argv[1]*" (commandline -ct)
end
function __efd_behind_mark # behind the -- of a command that runs a program
    set -l words (commandline -opc)
    test (count $words) -gt 2; and contains -- "$words[2]" $__efd_takes_program; and contains -- -- $words
end
function __efd_program # what the program would be completed with
    set -l words (commandline -opc)
    set -l at (contains -i -- -- $words)
    set -l given $words[(math $at + 1)..-1]
    complete -C (string join -- ' ' (string escape -- $given) (commandline -ct))
end
complete -c efd -f
complete -c efd -n __efd_behind_mark -a '(__efd_program)'
)";

} // namespace

std::string bash_script(const std::vector<completed_command>& commands) {
    std::string needing;
    std::string values;
    std::string words;
    for (const completed_command& one : commands) {
        for (const completed_option& option : one.options) {
            for (const std::string& name : option.names) {
                if (option.value == value_kind::needed) needing += fmt::format("    '{} {}') ;;\n", one.name, name);
                if (option.value != value_kind::none)
                    values += fmt::format("    '{} {}') {} ;;\n", one.name, name, bash_value(option));
            }
        }
        const bool has_others = one.name.empty() || one.takes_subcommand;
        const std::vector<std::string> others = has_others ? command_names(commands) : std::vector<std::string>();
        words += fmt::format("    '{} ') _efd_options_or '{}' '{}' ;;\n", one.name, fmt::join(option_names(one), " "),
                             fmt::join(others, " "));
    }
    const std::string takers = fmt::format("{}", fmt::join(program_takers(commands), "|"));
    return fmt::format(opening, "# completion", "bash") + "_efd_needs_value() {\n    case \"$command $word\" in\n" +
           needing + "    *) return 1 ;;\n    esac\n}\n" + "_efd_takes_program() { [[ -n $command && $command == @(" +
           takers + ") ]]; }\n" + bash_head + values + words + "    esac\n}\ncomplete -F _efd efd\n";
}

std::string zsh_script(const std::vector<completed_command>& commands) {
    std::string said = "#compdef efd\n" + fmt::format(opening, "# completion", "zsh") +
                       "_efd() {\n    local context state state_descr line\n    typeset -A opt_args\n"
                       "    local -a commands=(\n";
    for (const completed_command& one : commands)
        if (!one.name.empty()) said += fmt::format("        '{}:{}'\n", one.name, zsh_quoted(one.about));
    said += "    )\n    _arguments -C \\\n";
    for (const completed_option& option : commands.front().options) said += zsh_option(option);
    said += "                '1: :->command' '*:: :->rest' && return\n"
            "    case $state in\n        command) _describe -t commands 'subcommand' commands ;;\n"
            "        rest)\n            case $words[1] in\n";
    for (const completed_command& one : commands) {
        if (one.name.empty()) continue;
        said += fmt::format("            {})\n                _arguments {}\\\n", one.name,
                            one.takes_program ? "-S -A '-*' " : "");
        for (const completed_option& option : one.options) said += zsh_option(option);
        if (one.takes_program) said += "                '(-)1: :_command_names -e' '*:: :_normal' \\\n";
        if (one.takes_subcommand)
            said += fmt::format("                '1:subcommand:({})' \\\n", fmt::join(command_names(commands), " "));
        said += "                && return ;;\n";
    }
    return said + "            esac ;;\n    esac\n    return 1\n}\n"
                  "if [ \"$funcstack[1]\" = _efd ]; then _efd \"$@\"; else compdef _efd efd; fi\n";
}

std::string fish_script(const std::vector<completed_command>& commands) {
    std::string said = fmt::format(opening, "# completion", "fish") +
                       fmt::format("set -g __efd_takes_program {}\n", fmt::join(program_takers(commands), " ")) +
                       fish_head;
    for (const completed_command& one : commands) {
        if (!one.name.empty())
            said += fmt::format("complete -c efd -n __efd_first -a {} -d {}\n", one.name, fish_quoted(one.about));
        for (const completed_option& option : one.options) said += fish_option(one, option);
        if (one.takes_subcommand)
            said += fmt::format("complete -c efd -n '__efd_in {}' -a '{}'\n", one.name,
                                fmt::join(command_names(commands), " "));
    }
    return said;
}

} // namespace efd::cli
