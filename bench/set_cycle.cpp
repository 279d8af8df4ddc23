// SPDX-License-Identifier: MIT
// bench/set_cycle.cpp: one cycle of a set after another, for bench/set_lines.py, which counts what each touches.
//
// Owns nothing else. Each cycle writes to one random member, waits, takes; before each the number of the cycle is
// stored to `cycle`, whose address is printed first. Linked statically at a fixed address, so that an instruction that
// is executed can be found in the disassembly.
#include <efd/eventfd.hpp>
#include <efd/wait_set.hpp>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <vector>

namespace {
volatile std::uint64_t cycle = 0;
} // namespace

int main(int argc, char** argv) {
    const unsigned long members = argc == 3 ? std::strtoul(argv[1], nullptr, 10) : 0;
    const unsigned long cycles = argc == 3 ? std::strtoul(argv[2], nullptr, 10) : 0;
    if (members == 0 || cycles == 0) {
        std::fputs("usage: efd-set-cycle MEMBERS CYCLES\n", stderr);
        return 2;
    }
    std::vector<efd::eventfd> objects;
    objects.reserve(members);
    const efd::wait_set set;
    for (unsigned long i = 0; i < members; ++i) {
        objects.emplace_back();
        set.add(objects.back(), i);
    }
    std::printf("%p\n", const_cast<void*>(static_cast<volatile void*>(&cycle)));
    std::fflush(stdout);
    std::minstd_rand random(42);
    for (unsigned long i = 1; i <= cycles; ++i) {
        const unsigned long picked = random() % members;
        cycle = i;
        efd::set_event got{};
        if (objects[picked].write(1) != std::errc{} || set.wait_any(got) != std::errc{} || got.token != picked)
            return 1;
    }
    cycle = 0;
    return 0;
}
