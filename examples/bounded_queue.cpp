// examples/bounded_queue.cpp: a bounded queue for many producers and many consumers that an event loop can watch.
//
// Two semaphores count items and room; a ring holds the items. Who takes a unit of `items` owns one item and gets it by
// a ticket; each cell says by its turn whether it is filled. No lock, and no system call unless somebody sleeps.
#include <efd/eventfd.hpp>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <sys/epoll.h>
#include <thread>
#include <unistd.h>

template <class T, std::size_t Places>
class bounded_queue {
  public:
    void push(T item) { // sleeps while the queue is full
        std::uint64_t one = 0;
        if (room_.read(one) != std::errc{}) std::abort();
        const std::uint64_t ticket = pushed_.fetch_add(1);
        cell& mine = await(ticket, 2 * (ticket / Places)); // its last consumer may still be moving out
        mine.item = std::move(item);
        pass_on(mine);
        items_.signal();
    }
    T pop() { // sleeps while the queue is empty
        std::uint64_t one = 0;
        if (items_.read(one) != std::errc{}) std::abort();
        return take();
    }
    bool try_pop(T& item) {
        std::uint64_t one = 0;
        return items_.try_read(one) == std::errc{} && (item = take(), true);
    }
    int fd() { return items_.fd(); } // readable exactly while there is an item

  private:
    struct alignas(64) cell {
        std::atomic<std::uint64_t> turn{0}; // even: to be filled, odd: to be emptied
        T item{};
    };
    cell& await(std::uint64_t ticket, std::uint64_t turn) {
        cell& mine = ring_[ticket % Places];
        for (std::uint64_t now = mine.turn; now != turn; now = mine.turn) mine.turn.wait(now);
        return mine;
    }
    static void pass_on(cell& mine) {
        mine.turn.fetch_add(1);
        mine.turn.notify_all();
    }
    T take() {
        const std::uint64_t ticket = popped_.fetch_add(1);
        cell& mine = await(ticket, 2 * (ticket / Places) + 1);
        T item = std::move(mine.item);
        pass_on(mine);
        room_.signal();
        return item;
    }
    efd::eventfd items_{0, efd::flags::semaphore};
    efd::eventfd room_{Places, efd::flags::semaphore};
    std::array<cell, Places> ring_;
    std::atomic<std::uint64_t> pushed_{0};
    std::atomic<std::uint64_t> popped_{0};
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
