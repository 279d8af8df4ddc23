// SPDX-License-Identifier: MIT
// examples/corpus.cpp: see corpus.hpp.
#include "corpus.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace pipeline {
namespace {

namespace fs = std::filesystem;

// The entries of one directory by name, so that the same tree gives the same corpus; links are not followed.
std::vector<fs::directory_entry> sorted_entries(const fs::path& directory) {
    std::error_code denied;
    std::vector<fs::directory_entry> entries;
    for (const fs::directory_entry& entry : fs::directory_iterator(directory, denied)) entries.push_back(entry);
    std::sort(entries.begin(), entries.end());
    return entries;
}

} // namespace

corpus::corpus(const std::string& path, std::uint64_t limit, std::size_t chunk_bytes, const progress& tell) {
    std::vector<fs::directory_entry> to_visit{fs::directory_entry(fs::canonical(path))};
    while (!to_visit.empty() && bytes_ < limit) {
        const fs::directory_entry next = to_visit.back();
        to_visit.pop_back();
        std::error_code denied;
        if (next.is_symlink(denied)) continue;
        if (next.is_directory(denied)) {
            const auto inside = sorted_entries(next.path());
            to_visit.insert(to_visit.end(), inside.rbegin(), inside.rend());
        } else if (next.is_regular_file(denied)) {
            add_file(next.path().string(), limit);
            if (tell) tell(bytes_, limit);
        }
    }
    cut(chunk_bytes);
}

void corpus::add_file(const std::string& path, std::uint64_t limit) {
    std::error_code denied;
    const std::uint64_t size = fs::file_size(path, denied);
    if (denied || size == 0) return;
    std::ifstream file(path, std::ios::binary);
    std::string content(std::min(size, limit - bytes_), '\0');
    file.read(content.data(), static_cast<std::streamsize>(content.size()));
    content.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
    if (content.empty()) return;
    bytes_ += content.size();
    files_.push_back(std::move(content));
}

void corpus::cut(std::size_t chunk_bytes) {
    for (const std::string& file : files_)
        for (std::size_t at = 0; at < file.size(); at += chunk_bytes)
            chunks_.push_back(std::string_view(file).substr(at, chunk_bytes));
}

} // namespace pipeline
