// SPDX-License-Identifier: MIT
// cli/pattern.hpp: a regular expression from the user; an error names the option that it came from.
//
// Owns the compiled expression; matches() may be called from any thread. An empty one matches everything.
#pragma once

#include <regex>
#include <string>
#include <string_view>

namespace efd::cli {

class pattern {
  public:
    // Throws CLI::ValidationError, naming the option, if `text` is no regular expression, or a very long one.
    pattern(const char* option, const std::string& text);
    bool matches(std::string_view name) const;

  private:
    bool everything_;
    std::regex expression_;
};

} // namespace efd::cli
