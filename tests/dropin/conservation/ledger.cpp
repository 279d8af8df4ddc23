// SPDX-License-Identifier: MIT
// tests/dropin/conservation/ledger.cpp: see ledger.hpp.
#include "ledger.hpp"

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <sys/mman.h>
#include <unistd.h>

namespace conservation {

ledger* book = nullptr;
int book_fd = -1;

void open_book(int fd) {
    book_fd = fd;
    void* const at = ::mmap(nullptr, sizeof(ledger), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED) std::abort();
    book = static_cast<ledger*>(at);
}

void make_book() {
    const int fd = ::memfd_create("conservation", 0);
    if (fd < 0 || ::ftruncate(fd, sizeof(ledger)) != 0) std::abort();
    open_book(fd);
    ::new (book) ledger;
}

thread_slot* claim_slot(pid_t taker) {
    for (int index = book->slots_used; index < most_slots; ++index) {
        thread_slot& one = book->slots[static_cast<std::size_t>(index)];
        pid_t none = 0;
        if (!one.thread.compare_exchange_strong(none, taker)) continue;
        one.where = place::begins;
        int used = book->slots_used;
        while (used <= index && !book->slots_used.compare_exchange_weak(used, index + 1)) continue;
        return &one;
    }
    return nullptr;
}

void fault(const char* format, ...) {
    if (book->fault_said.exchange(1) == 0) {
        std::va_list words;
        va_start(words, format);
        std::vsnprintf(book->fault.data(), book->fault.size(), format, words);
        va_end(words);
        book->fault_said = 2;
    }
    ::_exit(3);
}

} // namespace conservation
