// dropin/start.cpp: what happens when the library is loaded.
#include "dropin/descriptors.hpp"
#include "dropin/escapes.hpp"
#include "dropin/interpose.hpp"
#include "dropin/kernel_calls.hpp"
#include "dropin/next.hpp"
#include "dropin/policy.hpp"
#include "dropin/rings.hpp"

#include <cstdlib>
#include <pthread.h>

namespace efd::dropin {
namespace {

[[gnu::constructor]] void start() {
    find_next_calls();
    find_often_called();
    find_syscall();
    learn_process();
    if (!read_policy()) return;
    if (::pthread_atfork(before_fork, nullptr, after_fork_in_child) != 0) return;
    rules.sees_all = sees_all_rings;
    begin_noting(std::getenv("EFD_DROPIN_REGION"));
}

} // namespace
} // namespace efd::dropin
