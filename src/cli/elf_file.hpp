// SPDX-License-Identifier: MIT
// cli/elf_file.hpp: what an ELF file says of how it is started: its machine, its loader, the libraries it names.
//
// Reads files that may be anything: every offset in them is checked against what could be read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace efd::cli {

struct elf_file {
    std::uint16_t machine = 0;       // EM_X86_64 and so on
    bool is_ours = false;            // class, byte order and machine are this process's; if not, the rest is not read
    bool is_program = false;         // ET_EXEC or ET_DYN
    std::string loader;              // PT_INTERP; empty: statically linked
    std::vector<std::string> needed; // DT_NEEDED
};

// Nothing if it cannot be read or is no ELF file.
[[nodiscard]] std::optional<elf_file> read_elf(const std::filesystem::path& path);

// "x86-64", "AArch64"; "machine 123" for those that are rare.
[[nodiscard]] std::string machine_name(std::uint16_t machine);
[[nodiscard]] std::uint16_t own_machine();

} // namespace efd::cli
