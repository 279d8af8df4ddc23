// SPDX-License-Identifier: MIT
// examples/corpus.hpp: the input: the files below a directory, read into memory once, and cut into chunks.
//
// Filled by one thread before any other reads it, never changed afterwards.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace pipeline {

class corpus {
  public:
    using progress = std::function<void(std::uint64_t bytes, std::uint64_t limit)>;

    // Reads regular files in the order of their names until `limit` bytes are there; files that may not be read are
    // left out. `path` may be a file. Throws std::filesystem::filesystem_error if it does not exist.
    corpus(const std::string& path, std::uint64_t limit, std::size_t chunk_bytes, const progress& tell);

    std::size_t chunks() const { return chunks_.size(); }
    std::string_view chunk(std::size_t index) const { return chunks_[index]; }
    std::uint64_t bytes() const { return bytes_; }
    std::uint64_t files() const { return files_.size(); }

  private:
    void add_file(const std::string& path, std::uint64_t limit);
    void cut(std::size_t chunk_bytes);

    std::vector<std::string> files_;
    std::vector<std::string_view> chunks_;
    std::uint64_t bytes_ = 0;
};

} // namespace pipeline
