// SPDX-License-Identifier: MIT
// dropin/interpose/passed.cpp: see passed.hpp. The code that all stubs share.
#include "dropin/interpose/passed.hpp"

#include "dropin/interpose/next.hpp"

using namespace efd::dropin;

void* efd_before_passed(passed_name* which, const long* call, const void* caller) noexcept {
    which->look(words(call));
    void* next = which->next.load(efd::base::relaxed);
    if (next != nullptr) return next;
    next = which->may_come_late ? find_to_keep(which->name, caller) : find_next(which->name);
    which->next.store(next, efd::base::relaxed);
    return next;
}

// efd_asked_stub: the flags say whether an eventfd is not demoted. If none is, it jumps to the next definition at once.
// efd_stub saves and restores the argument registers, those of floating point too, and on x86-64 the number of the
// latter in use.
#if defined(__x86_64__)
asm(".pushsection .text\n"
    ".globl efd_asked_stub\n.hidden efd_asked_stub\n.type efd_asked_stub, @function\n"
    "efd_asked_stub:\n"
    ".cfi_startproc\n"
    "jne efd_stub\n"
    "cmpq $0, (%r11)\n"
    "je efd_stub\n"
    "jmp *(%r11)\n"
    ".cfi_endproc\n"
    ".size efd_asked_stub, .-efd_asked_stub\n"
    ".globl efd_stub\n.hidden efd_stub\n.type efd_stub, @function\n"
    "efd_stub:\n"
    ".cfi_startproc\n"
    "pushq %rbp\n"
    ".cfi_def_cfa_offset 16\n"
    ".cfi_offset %rbp, -16\n"
    "movq %rsp, %rbp\n"
    ".cfi_def_cfa_register %rbp\n"
    ".irp which, r10, rax, r9, r8, rcx, rdx, rsi, rdi\npushq %\\which\n.endr\n"
    "movq %rsp, %rsi\n"
    "subq $128, %rsp\n"
    ".irp which, 0, 1, 2, 3, 4, 5, 6, 7\nmovups %xmm\\which, 16*\\which(%rsp)\n.endr\n"
    "movq %r11, %rdi\n"
    "movq 8(%rbp), %rdx\n"
    "call efd_before_passed\n"
    "movq %rax, %r11\n"
    ".irp which, 0, 1, 2, 3, 4, 5, 6, 7\nmovups 16*\\which(%rsp), %xmm\\which\n.endr\n"
    "addq $128, %rsp\n"
    ".irp which, rdi, rsi, rdx, rcx, r8, r9, rax, r10\npopq %\\which\n.endr\n"
    "popq %rbp\n"
    ".cfi_def_cfa %rsp, 8\n"
    "jmp *%r11\n"
    ".cfi_endproc\n"
    ".size efd_stub, .-efd_stub\n"
    ".popsection\n");
#elif defined(__aarch64__)
asm(".pushsection .text\n"
    ".globl efd_asked_stub\n.hidden efd_asked_stub\n.type efd_asked_stub, %function\n"
    "efd_asked_stub:\n"
    ".cfi_startproc\n"
    "b.ne efd_stub\n"
    "ldr x16, [x17]\n"
    "cbz x16, efd_stub\n"
    "br x16\n"
    ".cfi_endproc\n"
    ".size efd_asked_stub, .-efd_asked_stub\n"
    ".globl efd_stub\n.hidden efd_stub\n.type efd_stub, %function\n"
    "efd_stub:\n"
    ".cfi_startproc\n"
    "stp x29, x30, [sp, #-224]!\n"
    ".cfi_def_cfa_offset 224\n"
    ".cfi_offset 29, -224\n"
    ".cfi_offset 30, -216\n"
    "mov x29, sp\n"
    ".irp which, 0, 1, 2, 3, 4, 5, 6, 7, 8\nstr x\\which, [sp, #(16 + 8 * \\which)]\n.endr\n"
    ".irp which, 0, 1, 2, 3, 4, 5, 6, 7\nstr q\\which, [sp, #(96 + 16 * \\which)]\n.endr\n"
    "mov x0, x17\n"
    "add x1, sp, #16\n"
    "mov x2, x30\n"
    "bl efd_before_passed\n"
    "mov x16, x0\n"
    ".irp which, 0, 1, 2, 3, 4, 5, 6, 7\nldr q\\which, [sp, #(96 + 16 * \\which)]\n.endr\n"
    ".irp which, 0, 1, 2, 3, 4, 5, 6, 7, 8\nldr x\\which, [sp, #(16 + 8 * \\which)]\n.endr\n"
    "ldp x29, x30, [sp], #224\n"
    ".cfi_def_cfa_offset 0\n"
    ".cfi_restore 29\n"
    ".cfi_restore 30\n"
    "br x16\n"
    ".cfi_endproc\n"
    ".size efd_stub, .-efd_stub\n"
    ".popsection\n");
#endif
