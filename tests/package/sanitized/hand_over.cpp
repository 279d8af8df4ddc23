// SPDX-License-Identifier: MIT
// tests/package/sanitized/hand_over.cpp: as hand_over.c, by the C++ interface, whose inline functions are instrumented.
#include <efd/eventfd.hpp>
#include <efd/wait_set.hpp>

#include <cstdio>
#include <poll.h>
#include <stop_token>
#include <thread>
#include <vector>

namespace {

constexpr int turns = 200;
efd::eventfd forth;
efd::eventfd back;
efd::eventfd room(UINT64_MAX - 2);
efd::wait_set set;
int handed_over = 0;

void read_one(efd::eventfd& from) {
    std::uint64_t n = 0;
    while (from.read(n) != std::errc{}) {
    }
}

void partner() {
    efd::set_event got{};
    for (int i = 0; i < turns; ++i) {
        read_one(forth);
        ++handed_over;
        (void)back.write(1);
        while (set.wait_any(got) != std::errc{}) {
        }
        ++handed_over;
        back.signal();
    }
    ++handed_over;
    read_one(room); // lets the writer continue
}

// Callbacks of several signallers change one number, one after the other.
struct counting : efd::wait_queue_entry {
    std::vector<int> keys;
};

void count_by_callbacks() {
    efd::eventfd object;
    counting entry;
    entry.mask = POLLIN;
    entry.callback = [](efd::wait_queue_entry& of, std::uint32_t) {
        static_cast<counting&>(of).keys.push_back(1);
        return 0;
    };
    std::uint32_t ready = 0;
    (void)object.add_wait_queue(entry, ready);
    {
        std::jthread one([&] {
            for (int i = 0; i < turns; ++i) object.signal();
        });
        std::jthread two([&] {
            for (int i = 0; i < turns; ++i) (void)object.write(1);
        });
    }
    (void)object.remove_wait_queue(entry);
    handed_over += static_cast<int>(entry.keys.size());
}

} // namespace

int main() {
    set.add(forth, 1);
    std::jthread thread(partner);
    for (int i = 0; i < turns; ++i) {
        ++handed_over;
        (void)forth.write(1);
#ifdef RACE
        ++handed_over;
#endif
        read_one(back);
        ++handed_over;
        forth.signal();
        read_one(back);
    }
    (void)room.write(7);
    ++handed_over;
    thread.join();
    count_by_callbacks();
    std::printf("%d hand-overs\n", handed_over);
}
