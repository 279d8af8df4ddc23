// SPDX-License-Identifier: MIT
// Fibers: see fiber.hpp.
#include "explorer/fiber.hpp"

#include <cstring>

#if !defined(__x86_64__)
#error "the explorer's host is x86-64"
#endif

asm(R"(
.text
.globl explore_switch
.type explore_switch, @function
explore_switch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
.size explore_switch, .-explore_switch
.section .note.GNU-stack,"",@progbits
.text
)");

namespace explore {
namespace {

constexpr std::size_t saved_registers = 6;
constexpr std::size_t deepest_use = 6144; // what a call of the core and the machine beneath it may take

alignas(4096) unsigned char stacks[max_threads][stack_bytes];

} // namespace

unsigned char* stack_of(int fiber) noexcept { return stacks[fiber]; }
unsigned char* stack_top(int fiber) noexcept { return stacks[fiber] + stack_bytes; }

void* fresh_stack(int fiber, fiber_body entry) noexcept {
    std::memset(stacks[fiber], 0, stack_bytes);
    unsigned char* const return_slot = stack_top(fiber) - 16; // after the ret, as if after a call
    std::memcpy(return_slot, &entry, sizeof entry);
    return return_slot - saved_registers * sizeof(void*);
}

void clean_below(int fiber, void* stack_pointer) noexcept {
    auto* const end = static_cast<unsigned char*>(stack_pointer);
    unsigned char* const lowest = stack_of(fiber);
    const auto room = static_cast<std::size_t>(end - lowest);
    const std::size_t bytes = room < deepest_use ? room : deepest_use;
    std::memset(end - bytes, 0, bytes);
}

} // namespace explore
