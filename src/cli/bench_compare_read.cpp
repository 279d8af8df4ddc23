// SPDX-License-Identifier: MIT
// cli/bench_compare_read.cpp: reads a result of `efd bench --json` and refuses what is none; see bench_compare.hpp.
#include "cli/bench_compare.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <fstream>
#include <stdexcept>

namespace efd::cli {
namespace {

using nlohmann::json;

constexpr std::size_t most_bytes = std::size_t{64} << 20;
constexpr std::size_t most_letters = 200;
constexpr double most = 1e15; // of any unit

[[noreturn]] void refuse(const std::string& path, const std::string& why) {
    throw std::runtime_error(fmt::format("{} is no result of `efd bench --json`: {}", path, why));
}

// A terminal gets no control characters from a file.
std::string printable(std::string text) {
    if (text.size() > most_letters) text.resize(most_letters);
    std::replace_if(text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
    return text;
}

bool is_name(const std::string& text) {
    static constexpr std::size_t longest = 64;
    return !text.empty() && text.size() <= longest && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    });
}

std::string content_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw std::runtime_error(fmt::format("cannot open {}", path));
    constexpr std::size_t piece = 64 * 1024;
    std::string content;
    while (file && content.size() <= most_bytes) {
        const std::size_t before = content.size();
        content.resize(before + piece);
        file.read(content.data() + before, static_cast<std::streamsize>(piece));
        content.resize(before + static_cast<std::size_t>(file.gcount()));
    }
    if (file.bad() || (content.empty() && !file.eof())) throw std::runtime_error(fmt::format("cannot read {}", path));
    if (content.size() > most_bytes) refuse(path, fmt::format("it has more than {} MiB", most_bytes >> 20));
    return content;
}

measured_range range_of(const json& from) {
    const measured_range one{from.at("median").get<double>(), from.at("min").get<double>(),
                             from.at("max").get<double>()};
    if (!(one.least <= one.median) || !(one.median <= one.greatest))
        throw std::runtime_error("a median is not between its min and its max");
    if (std::abs(one.least) > most || std::abs(one.greatest) > most)
        throw std::runtime_error("a number is beyond all measure");
    return one;
}

std::string name_in(const json& from, const char* key) {
    auto name = from.at(key).get<std::string>();
    if (!is_name(name)) throw std::runtime_error(fmt::format("'{}' is no name", printable(name)));
    return name;
}

measured_row row_of(const json& from) {
    measured_row row;
    row.name = name_in(from, "name");
    row.unit = printable(from.at("unit").get<std::string>()).substr(0, 5);
    row.rounds = from.at("rounds").get<int>();
    row.not_measured = printable(from.value("not_measured", ""));
    for (const auto& [name, values] : from.at("subjects").items()) {
        if (!is_name(name)) throw std::runtime_error(fmt::format("'{}' is no subject's name", printable(name)));
        row.subjects.emplace(name, range_of(values));
    }
    if (from.contains("kernel_over_efd")) row.kernel_over_efd.emplace("", range_of(from.at("kernel_over_efd")));
    return row;
}

measured_file file_of(const json& from) {
    measured_file file;
    file.version = printable(from.at("version").get<std::string>());
    file.kernel = printable(from.at("kernel").get<std::string>());
    file.processor = printable(from.at("machine").at("processor").get<std::string>());
    file.processors = from.at("machine").at("processors").get<int>();
    file.is_busy = from.at("busy").get<bool>();
    if (!from.at("rows").is_array()) throw std::runtime_error("its rows are no array");
    for (const json& row : from.at("rows")) {
        measured_row read = row_of(row);
        if (std::any_of(file.rows.begin(), file.rows.end(), [&](const auto& one) { return one.name == read.name; }))
            throw std::runtime_error(fmt::format("row {} is in it twice", read.name));
        file.rows.push_back(std::move(read));
    }
    return file;
}

} // namespace

measured_file read_measured(const std::string& path) {
    const std::string content = content_of(path);
    const json parsed = json::parse(content, nullptr, false);
    if (parsed.is_discarded()) refuse(path, content.empty() ? "it is empty" : "it is not JSON");
    if (!parsed.is_object()) refuse(path, "it is not an object");
    try {
        measured_file file = file_of(parsed);
        file.path = path;
        return file;
    } catch (const json::exception& wrong) {
        const std::string why = wrong.what(); // "[json.exception.out_of_range.403] key 'rows' not found"
        refuse(path, printable(why.substr(std::min(why.size(), why.find("] ") + 2))));
    } catch (const std::runtime_error& wrong) {
        refuse(path, wrong.what());
    }
}

} // namespace efd::cli
