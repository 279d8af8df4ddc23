// SPDX-License-Identifier: MIT
// tests/package/consumer/keeps.cpp: makes and ends one of each of what efd keeps for later: an object, its wait queue,
// its doorbell, the place of an open file; and a set, of which nothing is kept. For valgrind.sh. Exit status 0: all
// worked.
#include <efd/efd.h>
#include <efd/eventfd.hpp>
#include <efd/wait_set.hpp>

#include <cstdint>

namespace {

int ignore(efd::wait_queue_entry&, std::uint32_t) { return 0; }

bool with_queue() {
    efd::eventfd object;
    efd::wait_queue_entry entry;
    entry.callback = &ignore;
    entry.mask = 1;
    std::uint32_t ready = 0;
    if (object.add_wait_queue(entry, ready) != std::errc{}) return false;
    object.signal();
    return object.remove_wait_queue(entry) == std::errc{};
}

bool with_doorbell() {
    efd::eventfd object;
    return object.fd(efd::doorbell::armed) >= 0;
}

bool with_set() {
    efd::eventfd object(3);
    efd::wait_set set;
    set.add(object, 1);
    efd::set_event event{};
    return set.wait_any(event) == std::errc{} && event.value == 3;
}

bool with_descriptor() {
    const int fd = efd_eventfd(0, EFD_CLOEXEC);
    return fd >= 0 && efd_fd_close(fd) == 0;
}

} // namespace

int main() { return with_queue() && with_doorbell() && with_set() && with_descriptor() ? 0 : 1; }
