// SPDX-License-Identifier: MIT
// os/process.cpp: see process.hpp.
#include "os/process.hpp"

#include "os/errno.hpp"
#include "os/memory.hpp"

#include <efd/detail/base/atomic.hpp>

#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace efd::os {
namespace {

using number = base::atomic<std::uint32_t>;

constinit number not_wiped{0};                 // stands in for the page
constinit base::atomic<number*> page{nullptr}; // zero in a child that has not asked yet
constinit number last_given{0};                // copied by a fork as it is

std::size_t page_bytes() noexcept { return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)); }

number* make_page() noexcept {
    void* const memory = map_zeroed(page_bytes());
    if (memory != nullptr && ::madvise(memory, page_bytes(), MADV_WIPEONFORK) == 0) return new (memory) number(0);
    if (memory != nullptr) ::munmap(memory, page_bytes());
    ::pthread_atfork(nullptr, nullptr, [] { not_wiped.store(0, base::relaxed); });
    return &not_wiped;
}

// The number of this process, unless another thread has set it first.
[[gnu::noinline]] std::uint32_t number_process(number& own) noexcept {
    const std::uint32_t given = last_given.fetch_add(1, base::relaxed) + 1;
    std::uint32_t none = 0;
    // Pairs with process_number() in another thread.
    return own.compare_exchange_strong(none, given, base::acq_rel, base::acquire) ? given : none;
}

} // namespace

void tell_forks_apart() noexcept {
    if (page.load(base::acquire) != nullptr) return;
    const errno_keeper keeper;
    number* const made = make_page();
    number* none = nullptr;
    // Pairs with process_word() and process_number().
    const bool is_first = page.compare_exchange_strong(none, made, base::acq_rel, base::acquire);
    if (!is_first && made != &not_wiped) ::munmap(made, page_bytes());
}

const base::atomic<std::uint32_t>* process_word() noexcept { return page.load(base::acquire); }

std::uint32_t process_number() noexcept {
    number* const own = page.load(base::acquire);
    if (own == nullptr) return 0;
    const std::uint32_t current = own->load(base::acquire);
    return current != 0 ? current : number_process(*own);
}

std::uint32_t thread_number() noexcept {
    struct known_number {
        std::uint32_t thread = 0;
        std::uint32_t process = 0;
    };
    static constinit thread_local known_number known __attribute__((tls_model("initial-exec")));
    const std::uint32_t process = process_number();
    if (known.thread == 0 || known.process != process)
        known = {static_cast<std::uint32_t>(::syscall(SYS_gettid)), process};
    return known.thread;
}

std::uint32_t process_id() noexcept { return static_cast<std::uint32_t>(::getpid()); }

} // namespace efd::os
