// SPDX-License-Identifier: MIT
// tests/dropin/conservation/watch.cpp: see work.hpp.
#include "work.hpp"

#include <array>
#include <cerrno>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <unistd.h>

namespace conservation {
namespace {

// Until there is nothing: what every watcher of edges has to do.
void take_all(unsigned watched) {
    for (int i = 0; i < book->eventfds; ++i)
        while ((watched & 1U << i) != 0 && take_if_any(i)) continue;
}

int number_of(int object) { return me->number[static_cast<std::size_t>(object)]; }

struct asleep {
    asleep() { me->slot->where = place::watches; }
    ~asleep() { me->slot->where = place::between_calls; }
};

void wait_by_poll(unsigned watched) {
    std::array<pollfd, most_eventfds + 1> set{};
    nfds_t length = 0;
    set[length++] = {book->quit, POLLIN, 0};
    for (int i = 0; i < book->eventfds; ++i)
        if ((watched & 1U << i) != 0) set[length++] = {number_of(i), POLLIN, 0};
    const asleep now;
    (void)::poll(set.data(), length, -1);
}

void wait_by_select(unsigned watched) {
    fd_set set;
    FD_ZERO(&set);
    FD_SET(book->quit, &set);
    int most = book->quit;
    for (int i = 0; i < book->eventfds; ++i)
        if ((watched & 1U << i) != 0) {
            FD_SET(number_of(i), &set);
            most = most > number_of(i) ? most : number_of(i);
        }
    const asleep now;
    (void)::select(most + 1, &set, nullptr, nullptr, nullptr);
}

enum class kind { level, edge, one_shot, nested_level, nested_edge };

class epoll_set {
  public:
    epoll_set(kind how, unsigned watched) : how_(how), watched_(watched), outer_(::epoll_create1(EPOLL_CLOEXEC)) {
        inner_ = is_nested() ? ::epoll_create1(EPOLL_CLOEXEC) : outer_;
        watch(EPOLL_CTL_ADD);
        epoll_event quit{EPOLLIN, {}};
        quit.data.fd = book->quit;
        (void)::epoll_ctl(outer_, EPOLL_CTL_ADD, book->quit, &quit);
        if (!is_nested()) return;
        epoll_event of_inner{how == kind::nested_edge ? EPOLLIN | EPOLLET : EPOLLIN, {}};
        of_inner.data.fd = inner_;
        (void)::epoll_ctl(outer_, EPOLL_CTL_ADD, inner_, &of_inner);
    }
    ~epoll_set() {
        if (inner_ != outer_) ::close(inner_);
        ::close(outer_);
    }
    epoll_set& operator=(epoll_set&&) = delete; // neither copied nor moved

    void wait() {
        std::array<epoll_event, 4> found{};
        const asleep now;
        (void)::epoll_wait(outer_, found.data(), 4, -1);
        if (is_nested()) (void)::epoll_wait(inner_, found.data(), 4, 0);
    }
    void drained() {
        if (how_ == kind::one_shot) watch(EPOLL_CTL_MOD);
    }

  private:
    [[nodiscard]] bool is_nested() const { return how_ == kind::nested_level || how_ == kind::nested_edge; }
    void watch(int how) const {
        for (int i = 0; i < book->eventfds; ++i) {
            if ((watched_ & 1U << i) == 0) continue;
            epoll_event wanted{EPOLLIN, {}};
            if (how_ == kind::edge) wanted.events |= EPOLLET;
            if (how_ == kind::one_shot) wanted.events |= EPOLLONESHOT;
            wanted.data.fd = number_of(i);
            if (::epoll_ctl(inner_, how, number_of(i), &wanted) != 0) fault("epoll_ctl of number %d", number_of(i));
        }
    }

    kind how_;
    unsigned watched_;
    int outer_;
    int inner_ = -1;
};

} // namespace

void watch_until_over() {
    unsigned watched = 0;
    for (int i = 0; i < book->eventfds; ++i)
        if (!book->object[static_cast<std::size_t>(i)].blocks && me->drawn.below(3) != 0) watched |= 1U << i;
    if (watched == 0) return;
    const int means = me->drawn.below(7);
    if (means < 2) {
        me->slot->watched = watched;
        while (!book->is_over && !journal_is_full()) {
            means == 0 ? wait_by_poll(watched) : wait_by_select(watched);
            take_all(watched);
        }
        return;
    }
    epoll_set set(static_cast<kind>(means - 2), watched);
    me->slot->watched = watched;
    while (!book->is_over && !journal_is_full()) {
        set.wait();
        take_all(watched);
        set.drained();
    }
}

} // namespace conservation
