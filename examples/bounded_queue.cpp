// SPDX-License-Identifier: MIT
// examples/bounded_queue.cpp: a bounded queue for many producers and many consumers that an event loop can watch.
//
// Two semaphores count items and room; a ring holds the items. A thread that took a unit of `items` takes the next
// ticket, and the cell of that ticket is filled: units are added in the order of the tickets, by the thread that closes
// a gap. The same with `room`, so nobody waits for a cell. No lock, and no system call unless somebody sleeps.
//
// Promises: every item that is pushed is popped once, items of one producer in their order. push sleeps while the queue
// is full, pop while it is empty, through signals with and without SA_RESTART; try_pop never waits. A thread that is
// stopped inside push or pop holds up the items or the room behind its own, and nothing else. An item whose assignment
// throws costs itself alone: the exception leaves push (it is not in the queue) or pop and try_pop (it is gone). Not
// for wait queue callbacks, where nothing may sleep: push and pop throw std::system_error there.
#include <efd/eventfd.hpp>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <sys/epoll.h>
#include <system_error>
#include <thread>
#include <unistd.h>

template <class T, std::size_t Places>
class bounded_queue {
  public:
    void push(T item) { // sleeps while the queue is full
        take_unit(room_);
        filling turn(*this, pushed_.fetch_add(1));
        turn.place.item = std::move(item);
        turn.place.has_item = true;
    }
    T pop() { // sleeps while the queue is empty
        for (;;) {
            take_unit(items_);
            emptying turn(*this, popped_.fetch_add(1));
            if (turn.place.has_item) return std::move(turn.place.item);
        }
    }
    bool try_pop(T& item) {
        for (std::uint64_t one = 0; items_.try_read(one) == std::errc{};) {
            emptying turn(*this, popped_.fetch_add(1));
            if (turn.place.has_item) return item = std::move(turn.place.item), true;
        }
        return false;
    }
    int fd() { return items_.fd(); } // readable exactly while there is an item

  private:
    struct alignas(64) cell {
        std::atomic<std::uint64_t> turn{0}; // 2 * lap: to be filled in that lap, 2 * lap + 1: to be emptied
        bool has_item = false;              // false: the item could not be assigned
        T item{};
    };
    // One use of a cell, from the ticket to the end, however it ends.
    struct filling {
        filling(bounded_queue& of, std::uint64_t its_ticket) : queue(of), ticket(its_ticket), place(of.at(ticket)) {
            place.has_item = false;
        }
        filling& operator=(filling&&) = delete; // neither copied nor moved
        ~filling() {
            place.turn = turn_when_filled(ticket);
            queue.add_in_order(queue.items_, queue.filled_, &turn_when_filled);
        }
        bounded_queue& queue;
        std::uint64_t ticket;
        cell& place;
    };
    struct emptying {
        emptying(bounded_queue& of, std::uint64_t its_ticket) : queue(of), ticket(its_ticket), place(of.at(ticket)) {}
        emptying& operator=(emptying&&) = delete; // neither copied nor moved
        ~emptying() {
            place.turn = turn_when_emptied(ticket);
            queue.add_in_order(queue.room_, queue.emptied_, &turn_when_emptied);
        }
        bounded_queue& queue;
        std::uint64_t ticket;
        cell& place;
    };
    static std::uint64_t turn_when_filled(std::uint64_t ticket) { return 2 * (ticket / Places) + 1; }
    static std::uint64_t turn_when_emptied(std::uint64_t ticket) { return 2 * (ticket / Places) + 2; }
    cell& at(std::uint64_t ticket) { return ring_[ticket % Places]; }

    static void take_unit(efd::eventfd& from) {
        std::uint64_t one = 0;
        std::errc end = std::errc::interrupted;
        while (end == std::errc::interrupted) end = from.read(one);
        if (end != std::errc{}) throw std::system_error(std::make_error_code(end));
    }
    // Adds a unit for each ticket that is done and has none but done ones before it. A thread that finds a gap leaves
    // its ticket to the thread in the gap, which looks here when it has closed that.
    void add_in_order(efd::eventfd& to, std::atomic<std::uint64_t>& done,
                      std::uint64_t (*turn_when_done)(std::uint64_t)) {
        std::uint64_t units = 0;
        for (std::uint64_t next = done;;) {
            if (at(next).turn == turn_when_done(next)) {
                if (done.compare_exchange_strong(next, next + 1)) ++next, ++units;
            } else if (const std::uint64_t all_done = done; all_done == next) {
                break;
            } else {
                next = all_done; // others have been here
            }
        }
        if (units != 0) (void)to.try_write(units); // there is room for as many as there are places
    }

    efd::eventfd items_{0, efd::flags::semaphore};
    efd::eventfd room_{Places, efd::flags::semaphore};
    std::array<cell, Places> ring_;
    std::atomic<std::uint64_t> pushed_{0};
    std::atomic<std::uint64_t> filled_{0};
    std::atomic<std::uint64_t> popped_{0};
    std::atomic<std::uint64_t> emptied_{0};
};

constexpr int end = -1;

long consume_in_a_loop(bounded_queue<int, 64>& from) {
    const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
    epoll_event event{.events = EPOLLIN, .data = {}};
    if (epoll < 0 || ::epoll_ctl(epoll, EPOLL_CTL_ADD, from.fd(), &event) != 0) std::abort();
    long sum = 0;
    for (bool open = true; open;) {
        ::epoll_wait(epoll, &event, 1, -1);
        for (int item = 0; open && from.try_pop(item);) item == end ? open = false : sum += item;
    }
    ::close(epoll);
    return sum;
}

int main() {
    bounded_queue<int, 64> items;
    long sums[2] = {};
    std::jthread sleeper([&] {
        for (int item = 0; (item = items.pop()) != end;) sums[0] += item;
    });
    std::jthread looper([&] { sums[1] = consume_in_a_loop(items); });
    auto produce = [&items] {
        for (int item = 1; item <= 20000; ++item) items.push(item);
        items.push(end); // as many as consumers
    };
    {
        std::jthread one(produce), two(produce);
    }
    sleeper.join(), looper.join();
    const bool all = sums[0] + sums[1] == 20000L * 20001;
    std::printf("%s\n", all ? "40000 items went through 64 places" : "items were lost");
    return all ? 0 : 1;
}
