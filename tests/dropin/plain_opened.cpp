// SPDX-License-Identifier: MIT
// tests/dropin/plain_opened.cpp: a library that plain_names opens: its constructor waits for a thread, which makes the
// call that PLAIN_CALL says. Names are looked up from here, too. It knows of no efd.
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

namespace {

void* call(void* /*unused*/) {
    const char* const name = std::getenv("PLAIN_CALL");
    if (name != nullptr && std::strcmp(name, "prctl") == 0) (void)::prctl(PR_GET_DUMPABLE);
    if (name != nullptr && std::strcmp(name, "eventfd") == 0) (void)::close(::eventfd(0, EFD_NONBLOCK));
    return nullptr;
}

[[gnu::constructor]] void wait_for_thread() {
    pthread_t thread{};
    if (::pthread_create(&thread, nullptr, call, nullptr) != 0) std::abort();
    (void)::pthread_join(thread, nullptr);
}

} // namespace

extern "C" int plain_opened_finds(const char* name) { return ::dlsym(RTLD_DEFAULT, name) != nullptr ? 1 : 0; }
