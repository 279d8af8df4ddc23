// SPDX-License-Identifier: MIT
// cli/program_file.cpp: see program_file.hpp.
#include "cli/program_file.hpp"

#include "cli/elf_file.hpp"
#include "cli/failure.hpp"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <fmt/format.h>
#include <fstream>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace efd::cli {
namespace {

namespace fs = std::filesystem;

bool is_file(const fs::path& path) {
    struct stat found{};
    return ::stat(path.c_str(), &found) == 0 && S_ISREG(found.st_mode);
}
bool is_executable(const fs::path& path) { return is_file(path) && ::access(path.c_str(), X_OK) == 0; }

// The first that can be executed, else the first that is there.
fs::path find_in_path(const std::string& name) {
    const char* const set = std::getenv("PATH");
    std::string_view rest = set == nullptr ? "/bin:/usr/bin" : set;
    fs::path found;
    for (bool more = true; more;) {
        const std::size_t end = rest.find(':');
        more = end != std::string_view::npos;
        const std::string_view directory = rest.substr(0, end);
        const fs::path one = directory.empty() ? fs::path("./" + name) : fs::path(directory) / name;
        if (is_executable(one)) return one;
        if (found.empty() && is_file(one)) found = one;
        if (more) rest.remove_prefix(end + 1);
    }
    return found;
}

// What stands behind #!, without its argument; empty: no script.
std::string interpreter_of(const fs::path& path) {
    std::array<char, 256> begin{}; // the kernel reads as much
    std::ifstream file(path, std::ios::binary);
    file.read(begin.data(), begin.size());
    std::string_view line(begin.data(), static_cast<std::size_t>(file.gcount()));
    if (!line.starts_with("#!")) return {};
    line = line.substr(2, line.find('\n') == std::string_view::npos ? line.size() : line.find('\n') - 2);
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    return std::string(line.substr(0, line.find_first_of(" \t")));
}

bool is_loader(const fs::path& path) { return path.filename().string().starts_with("ld-"); }

// Why a file that is there and may be executed is refused with EACCES, ENOENT or ENOEXEC.
std::string fault_within(const program_file& program, int error) {
    if (!program.interpreters.empty()) {
        const fs::path& last = program.interpreters.back();
        if (last.string().ends_with('\r'))
            return "its first line, #!, ends with a carriage return\nTry: save it with Unix line ends";
        if (!fs::exists(last))
            return fmt::format("its interpreter {} is not there\nTry: install it, or mend the first line",
                               last.string());
        if (!is_executable(last)) return fmt::format("its interpreter {} is not executable", last.string());
    }
    const auto elf = read_elf(program.started());
    if (elf.has_value() && !elf->is_ours && error == ENOEXEC)
        return fmt::format("it is built for {}, and this machine is {}",
                           elf->machine == own_machine() ? "another word size" : machine_name(elf->machine),
                           machine_name(own_machine()));
    if (elf.has_value() && elf->is_ours && !elf->is_program) return "it is an object file or a core, no program";
    if (elf.has_value() && !elf->loader.empty() && !fs::exists(elf->loader))
        return fmt::format("its loader {} is not there\nTry: install the C library that it is built for", elf->loader);
    if (elf.has_value() && error == ENOENT)
        return "its loader is not there\nTry: install the libraries of its architecture";
    return reason_of(error);
}

std::string access_fault(const fs::path& path) {
    struct stat found{};
    if (::stat(path.c_str(), &found) != 0) return "a directory of its path may not be searched";
    if (S_ISDIR(found.st_mode)) return "it is a directory";
    if (!S_ISREG(found.st_mode)) return "it is no regular file";
    if ((found.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)) == 0)
        return fmt::format("it is not executable\nTry: chmod +x {}, if it is a program", path.string());
    if (::access(path.c_str(), X_OK) != 0)
        return fmt::format("this user may not execute it (its mode is {:o})", found.st_mode & 07777U);
    struct statvfs on{};
    if (::statvfs(path.c_str(), &on) == 0 && (on.f_flag & ST_NOEXEC) != 0)
        return "it is on a file system that is mounted noexec";
    return {};
}

// set-user-id or set-group-id, and not of who runs it.
bool changes_user(const fs::path& path) {
    struct stat found{};
    if (::stat(path.c_str(), &found) != 0) return false;
    return ((found.st_mode & S_ISUID) != 0 && found.st_uid != ::geteuid()) ||
           ((found.st_mode & S_ISGID) != 0 && found.st_gid != ::getegid());
}

struct libc_of_loader {
    const char* name = nullptr;
    bool passes_over = false; // goes on where LD_PRELOAD names what it does not find
};

// Nothing for glibc's loader.
libc_of_loader other_libc(const fs::path& loader) {
    const std::string file = loader.filename();
    if (file.starts_with("ld-musl")) return {"musl", true};
    if (file.starts_with("ld-uClibc")) return {"uclibc", false};
    if (file.starts_with("linker")) return {"bionic", false};
    return {};
}

} // namespace

program_file find_program(const std::string& name) {
    program_file program;
    program.path = name.find('/') != std::string::npos ? fs::path(name) : find_in_path(name);
    constexpr std::size_t most_interpreters = 5; // as the kernel
    while (program.interpreters.size() < most_interpreters && is_file(program.started())) {
        const std::string next = interpreter_of(program.started());
        if (next.empty()) break;
        program.interpreters.emplace_back(next);
    }
    return program;
}

preload_outlook outlook_of(const program_file& program) {
    const auto elf = read_elf(program.started());
    if (!elf.has_value()) return {};
    const std::string name = program.started().filename();
    if (!elf->is_ours)
        return {false, "foreign",
                fmt::format("{} is built for another architecture or word size than the drop-in, which is not "
                            "preloaded into it.",
                            name)};
    if (elf->loader.empty() && !is_loader(program.started()))
        return {true, "static", fmt::format("{} is statically linked, and nothing can be preloaded into it.", name)};
    if (const libc_of_loader other = other_libc(elf->loader); other.name != nullptr)
        return {other.passes_over, other.name,
                fmt::format("{} uses another C library than glibc ({}), and the drop-in is not preloaded into it.",
                            name, elf->loader)};
    if (changes_user(program.path))
        return {true, "setuid",
                fmt::format("{} is set-user-id or set-group-id, and nothing is preloaded into it.", name)};
    for (const std::string& library : elf->needed)
        if (library.starts_with("libasan.") || library.starts_with("libclang_rt.asan"))
            return {true, "sanitized",
                    fmt::format("{} uses AddressSanitizer, whose library must come first: the drop-in leaves it alone "
                                "unless LD_PRELOAD={} comes before efd run.",
                                name, library)};
    return {};
}

std::string exec_fault(const std::string& name, int error) {
    const program_file program = find_program(name);
    if (program.path.empty()) {
        std::string said = fmt::format("{}: there is no such program in PATH", name);
        if (is_executable("./" + name)) said += fmt::format("\nTry: ./{}, which is in this directory", name);
        return said;
    }
    const std::string path = program.path.string();
    std::error_code none;
    if (error == ENOENT && !fs::exists(program.path, none)) return path + ": there is no such file";
    if (error == ENOTDIR) return path + ": a part of this path is no directory";
    if (error == ETXTBSY) return path + ": somebody has it open for writing\nTry: again when that has ended";
    if (error == EACCES)
        if (const std::string fault = access_fault(program.path); !fault.empty()) return path + ": " + fault;
    if (error == EACCES || error == ENOENT || error == ENOEXEC || error == ELIBBAD)
        return path + ": " + fault_within(program, error);
    return path + ": " + reason_of(error);
}

} // namespace efd::cli
