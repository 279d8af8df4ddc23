// dropin/descriptors.cpp: see descriptors.hpp.
#include "dropin/descriptors.hpp"

#include "dropin/kernel_calls.hpp"
#include "dropin/parked_count.hpp"
#include "dropin/policy.hpp"
#include "dropin/raw_call.hpp"

#include <algorithm>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>

namespace efd::dropin {

constinit base::atomic<region*> all_slots{nullptr};
constinit number_table slot_numbers;
constinit base::atomic<int> highest{-1};

namespace {

constinit base::atomic<bool> is_noting{false};
using number_set = base::atomic<std::uint64_t>[most_descriptors / 64];
constinit number_set epolls;
constinit number_set edges;
constinit number_set rings;

void put(number_set& all, int fd) noexcept {
    if (static_cast<unsigned>(fd) < most_descriptors)
        all[fd / 64].fetch_or(std::uint64_t{1} << (fd % 64), base::relaxed);
}
void take_out(number_set& all, int fd) noexcept {
    if (static_cast<unsigned>(fd) < most_descriptors)
        all[fd / 64].fetch_and(~(std::uint64_t{1} << (fd % 64)), base::relaxed);
}
bool holds(const number_set& all, int fd) noexcept {
    return static_cast<unsigned>(fd) < most_descriptors && (all[fd / 64].load(base::relaxed) >> (fd % 64) & 1) != 0;
}

void note(int fd, std::uint32_t number) noexcept {
    slot_numbers[fd].store(number, base::release);
    int seen = highest.load(base::relaxed);
    while (seen < fd && !highest.compare_exchange_weak(seen, fd, base::acq_rel, base::relaxed)) {
    }
}

region* slots_made() noexcept {
    region* there = all_slots.load(base::acquire);
    if (there != nullptr) return there;
    region* const mine = map_region(nullptr);
    if (mine == nullptr || all_slots.compare_exchange_strong(there, mine, base::acq_rel, base::acquire)) return mine;
    unmap_region(*mine); // another thread was first
    return there;
}

// False in a child of vfork. One of _Fork or clone, of which nobody told, is learnt of here.
bool table_is_my_own() noexcept {
    if (is_unknown_child()) {
        for_each([](int, slot& there) { there.forked.store(1, base::relaxed); });
        learn_process();
    }
    return memory_is_my_own();
}

} // namespace

void begin_noting(const char* path) noexcept {
    if (path != nullptr) all_slots.store(map_region(path), base::release);
    is_noting.store(true, base::relaxed);
}

void end_noting() noexcept { is_noting.store(false, base::relaxed); }
bool notes() noexcept { return is_noting.load(base::relaxed); }

void note_created(int fd, unsigned initval, unsigned flags, const void* site) noexcept {
    if (!is_noting.load(base::relaxed) || static_cast<unsigned>(fd) >= most_descriptors || !table_is_my_own()) return;
    watch_for_children();
    region* const all = slots_made();
    const std::uint32_t number = all == nullptr ? 0 : take_slot(*all);
    if (number == 0) return;
    slot& made = all->slots[number];
    made.semaphore.store((flags & EFD_SEMAPHORE) != 0 ? 1 : 0, base::relaxed);
    made.holders.store(1, base::relaxed);
    made.process = static_cast<std::uint32_t>(myself() >> 32);
    made.descriptor = fd;
    write_site(made, site);
    begin_policy(made, initval);
    note(fd, number);
}

void note_duplicated(int from, int to) noexcept {
    slot* const there = slot_of(from);
    if (there == nullptr || to < 0 || to == from) return;
    if (static_cast<unsigned>(to) >= most_descriptors || !table_is_my_own())
        return demote(*there, from, reason::executed);
    there->holders.fetch_add(1, base::acq_rel);
    note(to, slot_numbers[from].load(base::relaxed));
}

void forget(int fd) noexcept {
    if (slot_of(fd) == nullptr || !table_is_my_own()) return;
    const std::uint32_t number = slot_numbers[fd].exchange(0, base::acq_rel);
    if (number != 0) let_go_of_slot(all_slots.load(base::relaxed)->slots[number]);
}

void before_replaced(int from, int to) noexcept {
    slot* const there = slot_of(to);
    if (there == nullptr || raw_call(SYS_fcntl, from, F_GETFD) < 0) return;
    if (!table_is_my_own()) return demote(*there, to, reason::executed); // while the number is still the eventfd's
    forget(to);
}

void forget_range(unsigned first, unsigned last) noexcept {
    const int end = highest.load(base::acquire);
    if (end < 0) return;
    for (unsigned fd = first; fd <= std::min(last, static_cast<unsigned>(end)); ++fd) forget(static_cast<int>(fd));
}

void note_epoll(int epoll) noexcept { put(epolls, epoll); }
bool is_noted_epoll(int epoll) noexcept { return holds(epolls, epoll); }
void note_edges(int fd) noexcept { put(edges, fd); }
bool is_noted_for_edges(int fd) noexcept { return holds(edges, fd); }
void note_ring(int fd) noexcept { put(rings, fd); }
void forget_ring(int fd) noexcept { take_out(rings, fd); }
bool is_noted_ring(int fd) noexcept { return holds(rings, fd); }

} // namespace efd::dropin
