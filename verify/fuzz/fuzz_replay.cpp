// SPDX-License-Identifier: MIT
// verify/fuzz/fuzz_replay.cpp: runs kept inputs, and says each program in words.
//
//     fuzz_replay [--quiet] FILE|DIRECTORY...
//
// A directory stands for every file below it. Exit status 1 if a program shows a difference, 2 if there was nothing to
// run: a corpus that is not found must not look like one that passes. One thread.
#include "fuzz/comparison.hpp"
#include "fuzz/watchdog.hpp"

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace {

using namespace efd::fuzz;
namespace fs = std::filesystem;

std::vector<fs::path> files_of(const fs::path& given) {
    if (!fs::is_directory(given)) return {given};
    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator(given))
        if (entry.is_regular_file()) files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    return files;
}

bytes content_of(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    if (!in) {
        std::fprintf(stderr, "cannot read %s\n", file.c_str());
        std::exit(2);
    }
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

} // namespace

int main(int argc, char** argv) {
    bool quiet = false;
    std::vector<fs::path> files;
    for (int i = 1; i < argc; ++i) {
        if (std::strcmp(argv[i], "--quiet") == 0)
            quiet = true;
        else
            for (const fs::path& file : files_of(argv[i])) files.push_back(file);
    }
    comparison compared(all_subjects());
    const watchdog dog;
    unsigned differences = 0;
    for (const fs::path& file : files) {
        const bytes program = content_of(file);
        const watched_run watch(program);
        if (!quiet) std::printf("%s\n%s", file.filename().c_str(), compared.tell(program).c_str());
        const auto difference = compared.run(program, true);
        if (!difference) continue;
        ++differences;
        std::printf("%s\n%s", file.c_str(), difference->c_str());
    }
    const tally& t = compared.so_far();
    std::printf("PROOF | differential fuzz, corpus | %zu programs, %" PRIu64 " compared steps | - | %u\n", files.size(),
                t.steps, differences);
    return files.empty() ? 2 : differences != 0 ? 1 : 0;
}
