// SPDX-License-Identifier: MIT
// Stress of wait_set: everything that may happen at once, for a bounded time, and audited to the unit at the end.
//
// Each unit that was written is either counted by who took it (by token, as the set said) or still in an object. Time
// ends the load, never the audit; every wait has a bound after which the test fails. Meant for TSan and ASan as well.
#include "watch/set_parts.hpp"

#include <efd/wait_set.hpp>

#include <array>
#include <atomic>
#include <gtest/gtest.h>
#include <poll.h>
#include <random>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace efd::tests {
namespace {

using namespace std::chrono_literals;

constexpr auto load_time = 700ms;

class dice {
  public:
    explicit dice(unsigned seed) : engine_(seed * 7919 + 13) {}
    std::size_t operator()(std::size_t below) { return engine_() % below; }

  private:
    std::minstd_rand engine_;
};

// Runs each body again and again in a thread of its own until the time is over.
class load {
  public:
    template <class Body>
    void run(Body body) {
        threads_.emplace_back([this, body, seed = static_cast<unsigned>(threads_.size())]() mutable {
            dice roll(seed + 1);
            while (!over_.load()) body(roll);
        });
    }
    void end() {
        std::this_thread::sleep_for(load_time); // delay: the others work meanwhile
        over_ = true;
        threads_.clear();
    }

  private:
    std::atomic<bool> over_{false};
    std::vector<std::jthread> threads_;
};

struct accounts {
    std::atomic<std::uint64_t> written{0};
    std::atomic<std::uint64_t> taken{0};

    void write(eventfd& object, std::uint64_t n = 1) {
        written += n;
        (void)object.write(n);
    }
    void take(eventfd& object) {
        std::uint64_t value = 0;
        if (object.try_read(value) == std::errc{}) taken += value;
    }
    void take_rest(std::vector<eventfd>& objects) {
        for (eventfd& one : objects) take(one);
    }
};

// Takes through the set what is there, and then nothing may be left in its members.
void drain(wait_set& set, accounts& books) {
    set_event got{};
    while (set.try_any(got) == std::errc{}) books.taken += got.value;
}
std::uint64_t left_in(const std::vector<eventfd>& objects) {
    std::uint64_t all = 0;
    for (const eventfd& one : objects) all += one.count();
    return all;
}

// Members come and go, waiters wait with deadlines and are cancelled, readers read beside them.
TEST(set_stress, members_come_and_go_under_waiters_of_every_kind) {
    accounts books;
    wait_set set;
    std::vector<eventfd> steady(70);
    for (std::size_t i = 0; i < steady.size(); ++i) set.add(steady[i], i);
    const int fd = set.fd();
    load all;
    for (int i = 0; i < 2; ++i) all.run([&](dice& roll) { books.write(steady[roll(70)], 1 + roll(2) * 99); });
    all.run([&](dice& roll) { books.take(steady[roll(70)]); });
    all.run([&](dice&) {
        set_event got{};
        if (set.wait_any_for(got, 20us) == std::errc{}) books.taken += got.value;
    });
    all.run([&](dice&) {
        std::stop_source own_stop;
        set_event got{};
        std::jthread stopper([&] { own_stop.request_stop(); });
        if (set.wait_any(got, own_stop.get_token()) == std::errc{}) books.taken += got.value;
    });
    all.run([&](dice& roll) {
        eventfd guest(roll(2));
        books.written += guest.count();
        const int place = set.add(guest, 1000);
        if (roll(2) == 0) books.write(guest);
        ASSERT_EQ(set.remove(place), std::errc{});
        const std::uint64_t left = guest.count();
        (void)readable(fd);
        ASSERT_EQ(guest.count(), left) << "taken after it had left";
        books.taken += left;
    });
    all.end();
    EXPECT_EQ(readable(fd), left_in(steady) > 0);
    drain(set, books);
    EXPECT_EQ(left_in(steady), 0U);
    EXPECT_FALSE(readable(fd));
    EXPECT_EQ(books.written.load(), books.taken.load());
}

// The same objects in several sets: the second and third are told by the wait queue. Sets are made and destroyed.
TEST(set_stress, several_sets_over_the_same_objects) {
    accounts books;
    std::vector<eventfd> objects;
    for (int i = 0; i < 8; ++i) objects.emplace_back(0U, i % 2 == 0 ? efd::flags::none : efd::flags::semaphore);
    std::array<wait_set, 2> sets;
    for (wait_set& set : sets)
        for (std::size_t i = 0; i < objects.size(); ++i) set.add(objects[i], i);
    load all;
    for (int i = 0; i < 2; ++i) all.run([&](dice& roll) { books.write(objects[roll(8)]); });
    for (wait_set& set : sets)
        all.run([&](dice&) {
            set_event got{};
            if (set.wait_any_for(got, 50us) == std::errc{}) books.taken += got.value;
        });
    all.run([&](dice& roll) { // one that does not stay
        wait_set guest;
        const std::size_t which = roll(8);
        guest.add(objects[which], which);
        guest.add(objects[(which + 1) % 8], which);
        set_event got{};
        if (guest.wait_any_for(got, 20us) == std::errc{}) books.taken += got.value;
        if (roll(2) == 0) (void)guest.fd();
    });
    all.end();
    for (wait_set& set : sets) drain(set, books);
    EXPECT_EQ(left_in(objects), 0U);
    EXPECT_EQ(books.written.load(), books.taken.load());
    set_event got{};
    for (wait_set& set : sets) EXPECT_FALSE(readable(set.fd()));
    EXPECT_NE(sets[0].try_any(got), std::errc{});
}

// Sets in sets, made and taken apart while units pass through them; an epoll looks at the outermost.
TEST(set_stress, sets_in_sets_and_a_foreign_loop) {
    accounts books;
    std::vector<eventfd> objects(6);
    wait_set outer;
    wait_set inner;
    for (std::size_t i = 0; i < 3; ++i) inner.add(objects[i], i);
    for (std::size_t i = 3; i < 6; ++i) outer.add(objects[i], i);
    outer.add(inner, 100);
    const int loop = ::epoll_create1(EPOLL_CLOEXEC);
    epoll_event watched{EPOLLIN, {}};
    ASSERT_EQ(::epoll_ctl(loop, EPOLL_CTL_ADD, outer.fd(), &watched), 0);
    load all;
    for (int i = 0; i < 2; ++i) all.run([&](dice& roll) { books.write(objects[roll(6)]); });
    all.run([&](dice&) {
        epoll_event ready{};
        if (::epoll_wait(loop, &ready, 1, 1) != 1) return;
        drain(outer, books);
    });
    all.run([&](dice&) {
        set_event got{};
        if (inner.wait_any_for(got, 50us) == std::errc{}) books.taken += got.value;
    });
    all.run([&](dice&) { // a set that comes for a while
        wait_set guest;
        eventfd of_guest(1);
        ++books.written;
        guest.add(of_guest, 7);
        const int place = outer.add(guest, 7);
        set_event got{};
        if (outer.try_any(got) == std::errc{}) books.taken += got.value;
        ASSERT_EQ(outer.remove(place), std::errc{});
        books.taken += of_guest.count();
    });
    all.end();
    EXPECT_EQ(readable(outer.fd()), left_in(objects) > 0);
    drain(outer, books);
    EXPECT_EQ(left_in(objects), 0U);
    EXPECT_FALSE(readable(outer.fd()));
    EXPECT_EQ(books.written.load(), books.taken.load());
    ::close(loop);
}

// Kernel descriptors among the members, ours and theirs coming and going.
TEST(set_stress, kernel_descriptors_beside_objects) {
    accounts books;
    std::vector<eventfd> objects(4);
    const int kernel = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    wait_set set;
    for (std::size_t i = 0; i < objects.size(); ++i) set.add(objects[i], i);
    set.add(kernel, EPOLLIN, 50);
    load all;
    all.run([&](dice& roll) { books.write(objects[roll(4)]); });
    all.run([&](dice&) {
        const std::uint64_t one = 1;
        ++books.written;
        ASSERT_EQ(::write(kernel, &one, sizeof one), 8);
    });
    const auto take_kernel = [&] {
        std::uint64_t value = 0;
        if (::read(kernel, &value, sizeof value) == 8) books.taken += value;
    };
    for (int i = 0; i < 2; ++i)
        all.run([&](dice& roll) {
            set_event got{};
            const std::errc end = roll(2) == 0 ? set.wait_any_for(got, 1ms) : set.try_any(got);
            if (end != std::errc{}) return;
            if (got.token == 50) return take_kernel();
            if (got.token != 60) books.taken += got.value;
        });
    all.run([&](dice&) {
        const int guest = ::eventfd(1, EFD_CLOEXEC);
        const int place = set.add(guest, EPOLLIN, 60);
        ASSERT_EQ(set.remove(place), std::errc{});
        ::close(guest);
    });
    all.end();
    set_event got{};
    take_kernel();
    while (set.try_any(got) == std::errc{}) books.taken += got.value;
    EXPECT_EQ(left_in(objects), 0U);
    EXPECT_EQ(books.written.load(), books.taken.load());
    EXPECT_FALSE(readable(set.fd()));
    ::close(kernel);
}

// Takes from all beside takes from any, members that leave, and readers: what was taken was there.
TEST(set_stress, all_beside_any_and_members_that_leave) {
    accounts books;
    std::vector<eventfd> objects(3);
    std::array<wait_set, 2> sets;
    for (std::size_t i = 0; i < 3; ++i) {
        sets[0].add(objects[i], i);
        sets[1].add(objects[2 - i], i);
    }
    load all;
    for (int i = 0; i < 2; ++i) all.run([&](dice& roll) { books.write(objects[roll(3)], 1 + roll(2) * 99); });
    for (wait_set& set : sets)
        all.run([&](dice&) {
            std::array<set_event, 4> got{};
            if (set.wait_all_for(got, 1ms) != std::errc{}) return;
            for (const set_event& one : got) books.taken += one.value;
        });
    all.run([&](dice&) {
        set_event got{};
        if (sets[0].wait_any_for(got, 20us) == std::errc{}) books.taken += got.value;
    });
    all.run([&](dice& roll) { books.take(objects[roll(3)]); });
    all.run([&](dice& roll) {
        eventfd guest(roll(2));
        books.written += guest.count();
        const int place = sets[1].add(guest, 9);
        ASSERT_EQ(sets[1].remove(place), std::errc{});
        books.taken += guest.count();
    });
    all.end();
    books.take_rest(objects);
    EXPECT_EQ(left_in(objects), 0U);
    EXPECT_EQ(books.written.load(), books.taken.load());
    for (wait_set& set : sets) EXPECT_FALSE(readable(set.fd()));
}

// Sets that end under their signallers, and others that are born in their place.
TEST(set_stress, sets_end_under_their_signallers) {
    accounts books;
    std::vector<eventfd> objects(4);
    load all;
    for (int i = 0; i < 2; ++i) all.run([&](dice& roll) { books.write(objects[roll(4)]); });
    for (int i = 0; i < 2; ++i)
        all.run([&](dice& roll) {
            wait_set set;
            for (std::size_t k = 0; k < 2; ++k) set.add(objects[roll(4)], k);
            if (roll(2) == 0) (void)set.fd();
            set_event got{};
            if (set.wait_any_for(got, 10us) == std::errc{}) books.taken += got.value;
        });
    all.run([&](dice&) { // born in the slots of what ended: nothing of that may reach it
        const eventfd newborn(3);
        std::this_thread::yield();
        ASSERT_EQ(newborn.count(), 3U);
    });
    all.end();
    books.take_rest(objects);
    EXPECT_EQ(books.written.load(), books.taken.load());
    wait_set last;
    for (std::size_t i = 0; i < 4; ++i) last.add(objects[i], i);
    EXPECT_FALSE(readable(last.fd()));
    ASSERT_TRUE(objects[3].signal());
    EXPECT_TRUE(readable(last.fd()));
}

} // namespace
} // namespace efd::tests
