// SPDX-License-Identifier: MIT
// cli/code_place.hpp: which function of another process an address is in: "server+0x1234 queue::make()".
//
// Reads /proc/PID/maps and the symbols of the file that it names there, with pread(2) and within bounds: both may be
// made by a hostile program. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace efd::cli {

// A range of a process's addresses that shows a file.
struct mapped_range {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    std::uint64_t offset = 0; // in the file
    std::uint64_t inode = 0;
    std::string path;
};
// Of the text of /proc/PID/maps those that show a file with code; lines that are not understood are left out.
[[nodiscard]] std::vector<mapped_range> code_in_maps(std::string_view maps);

class code_places {
  public:
    code_places(std::string root, std::uint32_t pid) : root_(std::move(root)), pid_(pid) {}
    // Of a return address: the call before it counts. Empty: no file is mapped there.
    [[nodiscard]] std::string of(std::uint64_t return_address);

  private:
    std::string root_;
    std::uint32_t pid_;
    std::uint32_t thread_ = 0; // of the process, living; once the ranges are read
    bool is_read_ = false;
    std::vector<mapped_range> ranges_;
    std::map<std::uint64_t, std::string> known_;
};

} // namespace efd::cli
