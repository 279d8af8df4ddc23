// SPDX-License-Identifier: MIT
// dropin/interpose/start.cpp: what the drop-in does when it is loaded.
#include "dropin/interpose/next.hpp"
#include "dropin/interpose/triggers.hpp"
#include "dropin/table/policy.hpp"
#include "dropin/table/region.hpp"
#include "dropin/table/table.hpp"

#include <cstdlib>
#include <sys/auxv.h>
#include <unistd.h>

// pthread_atfork() calls this with a handle from the start-up files, which removes the handlers at an unload. This
// library has no start-up files, and a preloaded library is never unloaded. NOLINTNEXTLINE: the name is libc's
extern "C" int __register_atfork(void (*before)(), void (*in_parent)(), void (*in_child)(), void* handle);

namespace efd::dropin {
namespace {

constinit bool is_before_asan = false;

void before_fork() noexcept { child_being_made::begin(reason::forked); }
void after_fork_in_parent() noexcept { child_being_made::end(reason::forked); }

[[gnu::constructor]] void start() {
    if (::getauxval(AT_SECURE) != 0) return;
    if (!read_policy() || is_before_asan) return;
    if (::__register_atfork(before_fork, after_fork_in_parent, begin_in_child, nullptr) != 0) return;
    active_policy.sees_all = sees_all_rings;
    active_policy.is_reported = open_region(std::getenv("EFD_DROPIN_REGION"));
    begin_noting();
}

} // namespace
} // namespace efd::dropin

// AddressSanitizer's library calls this for its default options when it starts. It finds this definition only if it is
// loaded after the drop-in, and it ends a program for that order; the option switches this check off. The sanitizer
// could not check the buffers of cached writes, so the drop-in does nothing in such a process. NOLINTNEXTLINE: its name
EFD_INTERPOSE const char* __asan_default_options() {
    efd::dropin::is_before_asan = true;
    efd::dropin::end_noting();
    return "verify_asan_link_order=0";
}
