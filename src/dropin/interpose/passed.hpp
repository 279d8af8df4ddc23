// SPDX-License-Identifier: MIT
// dropin/interpose/passed.hpp: names whose calls a rule inspects, and that then go on unchanged.
//
//     EFD_PASSED(name, rule)          the rule runs if an eventfd is not demoted yet (any_not_demoted, table.hpp)
//     EFD_PASSED_ALWAYS(vfork, rule)  the rule always runs
//     EFD_PASSED_AS("LIBURING_2.0", io_uring_submit, rule)
//                                     the rule always runs, and the name exists in this version alone: a program that
//                                     was not linked with that library does not find it
//
// The stub jumps to the next definition, with every register and the stack as the caller left them. So the number and
// kind of the arguments, and the way to return, concern only the caller and that definition, which may be another
// library's function. A rule gets the first six words of the call, and must not change errno.
#pragma once

#include <efd/detail/base/atomic.hpp>

#include <type_traits>

namespace efd::dropin {

// The first words of a call, read as integers or pointers.
class words {
  public:
    explicit words(const long* at) noexcept : at_(at) {}
    template <class T>
    [[nodiscard]] T as(int i) const noexcept {
        if constexpr (std::is_pointer_v<T>)
            return reinterpret_cast<T>(at_[i]); // NOLINT(performance-no-int-to-ptr): a register
        else
            return static_cast<T>(at_[i]);
    }
    [[nodiscard]] int fd(int i) const noexcept { return static_cast<int>(at_[i]); }

  private:
    const long* at_;
};

using rule = void(const words& call) noexcept;

// The stubs know the offset of `next`.
struct passed_name {
    base::atomic<void*> next{nullptr};
    rule* look;
    const char* name;
    bool may_come_late; // the library may be loaded later, perhaps privately
};

} // namespace efd::dropin

// The stubs call this. It runs the rule and returns the next definition.
extern "C" [[gnu::visibility("hidden")]] void* efd_before_passed(efd::dropin::passed_name* which, const long* call,
                                                                 const void* caller) noexcept;

#if defined(__x86_64__)
#define EFD_STUB_BEGIN "endbr64\n"
#define EFD_STUB_ASK "movl efd_created(%rip), %r11d\ncmpl efd_created_demoted(%rip), %r11d\n"
#define EFD_STUB_GO(name, where) "leaq efd_passed_" name "(%rip), %r11\njmp " where "\n" // keeps the flags
#elif defined(__aarch64__)
#define EFD_STUB_BEGIN "hint #34\n" // bti c
#define EFD_STUB_ASK                                                                                                   \
    "adrp x16, efd_created\nldr w16, [x16, :lo12:efd_created]\n"                                                       \
    "adrp x17, efd_created_demoted\nldr w17, [x17, :lo12:efd_created_demoted]\ncmp w16, w17\n"
#define EFD_STUB_GO(name, where) "adrp x17, efd_passed_" name "\nadd x17, x17, :lo12:efd_passed_" name "\nb " where "\n"
#endif

#define EFD_AT_LINE(line) efd_passed_at_##line
#define EFD_HERE(line) EFD_AT_LINE(line)
#define EFD_PASSED_NAME(name, looked_at_by, late)                                                                      \
    [[gnu::visibility("hidden"), gnu::used]] constinit efd::dropin::passed_name EFD_HERE(__LINE__) asm(                \
        "efd_passed_" #name) = {{nullptr}, looked_at_by, #name, late};
#define EFD_STUB(label, body)                                                                                          \
    asm(".pushsection .text\n.globl " label "\n.type " label ", %function\n" label                                     \
        ":\n.cfi_startproc\n" EFD_STUB_BEGIN body ".cfi_endproc\n.size " label ", .-" label "\n.popsection\n")

#define EFD_PASSED(name, looked_at_by)                                                                                 \
    EFD_PASSED_NAME(name, looked_at_by, false)                                                                         \
    EFD_STUB(#name, EFD_STUB_ASK EFD_STUB_GO(#name, "efd_asked_stub"));
#define EFD_PASSED_ALWAYS(name, looked_at_by)                                                                          \
    EFD_PASSED_NAME(name, looked_at_by, false)                                                                         \
    EFD_STUB(#name, EFD_STUB_GO(#name, "efd_stub"));
#define EFD_PASSED_LATE(name, looked_at_by)                                                                            \
    EFD_PASSED_NAME(name, looked_at_by, true)                                                                          \
    EFD_STUB("efd_as_" #name, EFD_STUB_GO(#name, "efd_stub"));
#define EFD_AS(version, name) asm(".symver efd_as_" #name ", " #name "@" version)
#define EFD_PASSED_AS(version, name, looked_at_by)                                                                     \
    EFD_PASSED_LATE(name, looked_at_by)                                                                                \
    EFD_AS(version, name);
