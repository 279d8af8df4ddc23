// dropin/start.cpp: what happens when the library is loaded.
#include "dropin/descriptors.hpp"
#include "dropin/escapes.hpp"
#include "dropin/interpose.hpp"
#include "dropin/kernel_calls.hpp"
#include "dropin/next.hpp"
#include "dropin/parked_count.hpp"
#include "dropin/policy.hpp"
#include "dropin/rings.hpp"
#include "dropin/settings.hpp"

#include <cstdlib>
#include <sys/auxv.h>
#include <unistd.h>

// What pthread_atfork comes to. It wants a handle from the start-up files, which this library does without, to forget
// its handlers when it is unloaded: who is preloaded never is. NOLINTNEXTLINE: the name is libc's
extern "C" int __register_atfork(void (*before)(), void (*in_parent)(), void (*in_child)(), void* handle);

namespace efd::dropin {
namespace {

constinit bool is_before_asan = false;

[[gnu::constructor]] void start() {
    find_next_calls();
    learn_process();
    if (::getauxval(AT_SECURE) != 0) return;
    report_wrong_settings(::environ);
    if (!read_policy() || is_before_asan) return;
    if (::__register_atfork(before_fork, nullptr, after_fork_in_child, nullptr) != 0) return;
    rules.sees_all = sees_all_rings;
    is_noted = is_noted_as;
    begin_noting(std::getenv("EFD_DROPIN_REGION"));
}

} // namespace
} // namespace efd::dropin

// AddressSanitizer's library calls this for its defaults when it begins. It finds this definition only if it comes
// behind the drop-in, for which it would end the program: the option switches that check off. It would not see the
// buffers of calls that the drop-in keeps from libc either, so the drop-in does nothing in such a process.
// NOLINTNEXTLINE: its name
EFD_INTERPOSE const char* __asan_default_options() {
    efd::dropin::is_before_asan = true;
    efd::dropin::end_noting();
    return "verify_asan_link_order=0";
}
