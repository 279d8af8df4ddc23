// SPDX-License-Identifier: MIT
// cli/elf_file.cpp: see elf_file.hpp.
#include "cli/elf_file.hpp"

#include <array>
#include <cstring>
#include <elf.h>
#include <fmt/format.h>
#include <fstream>
#include <link.h>

namespace efd::cli {
namespace {

constexpr std::size_t longest_text = 4096;
constexpr unsigned char own_class = sizeof(void*) == 8 ? ELFCLASS64 : ELFCLASS32;

class elf_reader {
  public:
    explicit elf_reader(const std::filesystem::path& path) : file_(path, std::ios::binary) {}

    template <class Value>
    bool read(std::uint64_t at, Value& into) {
        file_.clear();
        file_.seekg(static_cast<std::streamoff>(at));
        file_.read(reinterpret_cast<char*>(&into), sizeof into);
        return file_.good();
    }

    std::string text(std::uint64_t at) {
        std::string found;
        file_.clear();
        file_.seekg(static_cast<std::streamoff>(at));
        for (char one = 0; found.size() < longest_text && file_.get(one) && one != '\0';) found += one;
        return found;
    }

  private:
    std::ifstream file_;
};

struct headers {
    std::vector<ElfW(Phdr)> all;

    [[nodiscard]] const ElfW(Phdr) * find(std::uint32_t type) const {
        for (const ElfW(Phdr) & one : all)
            if (one.p_type == type) return &one;
        return nullptr;
    }
    // Where in the file an address of the program is; 0: nowhere.
    [[nodiscard]] std::uint64_t offset_of(std::uint64_t address) const {
        for (const ElfW(Phdr) & one : all)
            if (one.p_type == PT_LOAD && address >= one.p_vaddr && address - one.p_vaddr < one.p_filesz)
                return one.p_offset + (address - one.p_vaddr);
        return 0;
    }
};

headers read_headers(elf_reader& file, const ElfW(Ehdr) & begin) {
    headers found;
    if (begin.e_phentsize != sizeof(ElfW(Phdr))) return found;
    for (std::uint64_t i = 0; i < begin.e_phnum; ++i) {
        ElfW(Phdr) one{};
        if (!file.read(begin.e_phoff + i * sizeof one, one)) break;
        found.all.push_back(one);
    }
    return found;
}

std::vector<std::string> read_needed(elf_reader& file, const headers& all) {
    std::vector<std::string> names;
    const ElfW(Phdr)* const dynamic = all.find(PT_DYNAMIC);
    if (dynamic == nullptr) return names;
    constexpr std::uint64_t most_entries = 4096;
    std::uint64_t texts = 0;
    std::vector<std::uint64_t> at;
    for (std::uint64_t i = 0; i < std::min<std::uint64_t>(dynamic->p_filesz / sizeof(ElfW(Dyn)), most_entries); ++i) {
        ElfW(Dyn) one{};
        if (!file.read(dynamic->p_offset + i * sizeof one, one) || one.d_tag == DT_NULL) break;
        if (one.d_tag == DT_STRTAB) texts = all.offset_of(one.d_un.d_ptr);
        if (one.d_tag == DT_NEEDED) at.push_back(one.d_un.d_val);
    }
    if (texts == 0) return names;
    for (const std::uint64_t one : at) names.push_back(file.text(texts + one));
    return names;
}

} // namespace

std::uint16_t own_machine() {
    static const std::uint16_t machine = [] {
        elf_reader self("/proc/self/exe");
        ElfW(Ehdr) begin{};
        return self.read(0, begin) ? begin.e_machine : std::uint16_t{EM_NONE};
    }();
    return machine;
}

std::optional<elf_file> read_elf(const std::filesystem::path& path) {
    std::error_code none;
    if (!std::filesystem::is_regular_file(path, none)) return std::nullopt; // to open another may wait for ever
    elf_reader file(path);
    ElfW(Ehdr) begin{};
    if (!file.read(0, begin) || std::memcmp(begin.e_ident, ELFMAG, SELFMAG) != 0) return std::nullopt;
    constexpr unsigned char own_order = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB;
    elf_file found;
    found.machine = begin.e_machine; // both classes have it in the same place
    if (begin.e_ident[EI_DATA] != own_order)
        found.machine = static_cast<std::uint16_t>(__builtin_bswap16(found.machine));
    found.is_ours = begin.e_ident[EI_CLASS] == own_class && found.machine == own_machine();
    if (!found.is_ours) return found;
    found.is_program = begin.e_type == ET_EXEC || begin.e_type == ET_DYN;
    const headers all = read_headers(file, begin);
    if (const ElfW(Phdr)* const loader = all.find(PT_INTERP); loader != nullptr)
        found.loader = file.text(loader->p_offset);
    found.needed = read_needed(file, all);
    return found;
}

std::string machine_name(std::uint16_t machine) {
    struct named {
        std::uint16_t machine;
        const char* name;
    };
    constexpr std::array known{
        named{EM_X86_64, "x86-64"},  named{EM_386, "i386"},     named{EM_AARCH64, "AArch64"},
        named{EM_ARM, "32-bit Arm"}, named{EM_RISCV, "RISC-V"}, named{EM_PPC64, "POWER"},
        named{EM_S390, "IBM Z"},     named{EM_MIPS, "MIPS"},    named{EM_LOONGARCH, "LoongArch"}};
    for (const named& one : known)
        if (one.machine == machine) return one.name;
    return fmt::format("machine {}", machine);
}

} // namespace efd::cli
