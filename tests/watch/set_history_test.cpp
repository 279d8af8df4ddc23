// SPDX-License-Identifier: MIT
// Histories of wait_set: short concurrent runs, recorded, of which every one must be explained by some order.
//
// Rounds of four threads on one set of three objects; between rounds nobody is in a call. Broken sets, which differ
// from the real one in a single operation, must be found by the same search. A seed that failed is printed; EFD_SEED
// sets it.
#include "watch/set_history.hpp"

#include <efd/wait_set.hpp>

#include <atomic>
#include <barrier>
#include <cstdlib>
#include <gtest/gtest.h>
#include <memory>
#include <random>
#include <thread>

namespace efd::tests {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t threads = 4;
constexpr std::size_t calls_each = 6;

// What is called and recorded. The broken ones override one operation each.
class subject {
  public:
    explicit subject(bool semaphores) {
        for (std::size_t i = 0; i < set_objects; ++i) {
            objects.emplace_back(0U, semaphores ? efd::flags::semaphore : efd::flags::none);
            set.add(objects[i], i);
        }
    }
    virtual ~subject() = default;
    subject& operator=(subject&&) = delete; // neither copied nor moved

    virtual void write(std::size_t i, std::uint64_t n) { (void)objects[i].write(n); }
    virtual bool read(std::size_t i, std::uint64_t& value) { return objects[i].try_read(value) == std::errc{}; }
    virtual std::uint64_t count(std::size_t i) { return objects[i].count(); }
    virtual bool any(set_event& got, bool waits) {
        return (waits ? set.wait_any_for(got, 50us) : set.try_any(got)) == std::errc{};
    }
    virtual bool all(set_counts& values, bool waits) {
        std::array<set_event, set_objects> got{};
        if ((waits ? set.wait_all_for(got, 50us) : set.try_all(got)) != std::errc{}) return false;
        for (const set_event& one : got) values[one.token] = one.value;
        return true;
    }

    efd::wait_set set;
    std::vector<eventfd> objects;
};

class recorder {
  public:
    recorder(subject& what, std::uint64_t seed) : what_(what), seed_(seed) {}

    set_history round() {
        set_history history;
        for (std::size_t i = 0; i < set_objects; ++i) history.initial[i] = what_.objects[i].count();
        history.semaphores = what_.objects[0].semaphore();
        history.threads.resize(threads);
        std::barrier begin(threads);
        {
            std::vector<std::jthread> all;
            for (std::size_t t = 0; t < threads; ++t)
                all.emplace_back([&, t, seed = seed_ * threads + t] {
                    std::minstd_rand dice(static_cast<std::uint_fast32_t>(seed * 7919 + 1));
                    begin.arrive_and_wait();
                    for (std::size_t c = 0; c < calls_each; ++c) history.threads[t].push_back(call(dice));
                });
        }
        ++seed_;
        return history;
    }
    [[nodiscard]] std::uint64_t seed() const { return seed_; }

  private:
    set_record call(std::minstd_rand& dice) {
        constexpr std::array<set_call, 10> choices = {
            set_call::write, set_call::write, set_call::write, set_call::write, set_call::read,
            set_call::count, set_call::any,   set_call::any,   set_call::all,   set_call::all};
        set_record one{choices[dice() % choices.size()]};
        one.object = dice() % set_objects;
        const bool waits = dice() % 4 == 0;
        one.begin = clock_.fetch_add(1);
        switch (one.what) {
        case set_call::write: act_write(one, dice); break;
        case set_call::read: one.done = what_.read(one.object, one.value); break;
        case set_call::count:
            one.value = what_.count(one.object);
            one.done = true;
            break;
        case set_call::any: act_any(one, waits); break;
        case set_call::all: one.done = what_.all(one.values, waits); break;
        }
        one.end = clock_.fetch_add(1);
        return one;
    }
    void act_write(set_record& one, std::minstd_rand& dice) {
        one.value = dice() % 3 == 0 ? 100 : 1 + dice() % 2; // a large one goes the slow way
        what_.write(one.object, one.value);
        one.done = true;
    }
    void act_any(set_record& one, bool waits) {
        set_event got{};
        one.done = what_.any(got, waits);
        if (!one.done) return;
        one.object = got.token;
        one.value = got.value;
    }

    subject& what_;
    std::uint64_t seed_;
    std::atomic<std::uint64_t> clock_{1};
};

std::uint64_t first_seed() {
    const char* const given = std::getenv("EFD_SEED");
    return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}() % 1'000'000;
}

void expect_explained(subject& what, std::chrono::milliseconds time) {
    recorder record(what, first_seed());
    const auto end = std::chrono::steady_clock::now() + time;
    for (int round = 0; round < 50 || std::chrono::steady_clock::now() < end; ++round) {
        const std::uint64_t seed = record.seed();
        const set_history history = record.round();
        ASSERT_TRUE(explained(history)) << "EFD_SEED=" << seed << '\n' << told(history);
    }
}

// Found within a bounded number of rounds.
void expect_found(subject& what) {
    recorder record(what, first_seed());
    for (int round = 0; round < 20000; ++round)
        if (!explained(record.round())) return;
    ADD_FAILURE() << "a broken set was taken for a sound one";
}

struct gives_back : subject {
    using subject::subject;
    bool all(set_counts& values, bool /*waits*/) override {
        for (std::size_t i = 0; i < set_objects; ++i) {
            if (objects[i].try_read(values[i]) == std::errc{}) continue;
            std::this_thread::yield();
            while (i-- > 0) (void)objects[i].write(values[i]);
            return false;
        }
        return true;
    }
};
// All were looked at, then taken one after the other: what was written between is taken from some.
struct at_many_moments : subject {
    using subject::subject;
    bool all(set_counts& values, bool /*waits*/) override {
        for (const eventfd& one : objects)
            if (one.count() == 0) return false;
        for (std::size_t i = 0; i < set_objects; ++i) {
            std::this_thread::yield();
            (void)objects[i].try_read(values[i]);
        }
        return true;
    }
};
struct overlooks : subject {
    using subject::subject;
    bool any(set_event& got, bool waits) override { return calls.fetch_add(1) % 8 != 0 && subject::any(got, waits); }
    std::atomic<unsigned> calls{0};
};
// Says what it saw, not what it took.
struct takes_twice : subject {
    using subject::subject;
    bool any(set_event& got, bool /*waits*/) override {
        for (std::size_t i = 0; i < set_objects; ++i) {
            got = {i, objects[i].count(), 1, i};
            if (got.value == 0) continue;
            std::this_thread::yield();
            std::uint64_t taken = 0;
            (void)objects[i].try_read(taken);
            return true;
        }
        return false;
    }
};
struct forgets_a_unit : subject {
    using subject::subject;
    bool any(set_event& got, bool waits) override {
        if (!subject::any(got, waits)) return false;
        if (got.value > 1) --got.value;
        return true;
    }
};
struct writes_in_pieces : subject {
    using subject::subject;
    void write(std::size_t i, std::uint64_t n) override {
        (void)objects[i].write(n - n / 2);
        std::this_thread::yield();
        (void)objects[i].write(n / 2);
    }
};

TEST(set_history, the_set_is_explained) {
    subject plain(false);
    expect_explained(plain, 1500ms);
}
TEST(set_history, the_set_of_semaphores_is_explained) {
    subject semaphores(true);
    expect_explained(semaphores, 1500ms);
}
// The objects stand in another set already, so they are told by the wait queue.
TEST(set_history, the_set_of_entries_is_explained) {
    struct second : subject {
        second() : subject(false) {
            for (std::size_t i = 0; i < set_objects; ++i) other.add(objects[i], i);
            set.swap(other);
        }
        efd::wait_set other;
    } entries;
    expect_explained(entries, 1000ms);
}
TEST(set_history, finds_who_takes_and_gives_back) {
    gives_back broken(false);
    expect_found(broken);
}
TEST(set_history, finds_who_takes_at_many_moments) {
    at_many_moments broken(true);
    expect_found(broken);
}
TEST(set_history, finds_who_overlooks_a_ready_member) {
    overlooks broken(false);
    expect_found(broken);
}
TEST(set_history, finds_who_takes_twice) {
    takes_twice broken(false);
    expect_found(broken);
}
TEST(set_history, finds_who_forgets_a_unit) {
    forgets_a_unit broken(false);
    expect_found(broken);
}
TEST(set_history, finds_who_writes_in_pieces) {
    writes_in_pieces broken(false);
    expect_found(broken);
}

// The search itself, on histories written down by hand.
TEST(set_history, knows_what_one_moment_is) {
    const set_record a{set_call::write, 0, true, 1, {}, 1, 2};
    const set_record b{set_call::write, 1, true, 1, {}, 3, 4};
    const set_record both{set_call::all, 0, true, 0, {1, 1, 1}, 0, 9};
    EXPECT_TRUE(explained({{0, 0, 1}, false, {{a, b}, {both}}}));
    const set_record no_a{set_call::all, 0, true, 0, {1, 2, 1}, 0, 9};
    EXPECT_FALSE(explained({{1, 1, 1}, false, {{a, b}, {no_a}}})) << "the second write without the first";
    const set_record only_a{set_call::all, 0, true, 0, {2, 1, 1}, 0, 9};
    EXPECT_TRUE(explained({{1, 1, 1}, false, {{a, b}, {only_a}}}));
}
TEST(set_history, knows_who_may_overlook) {
    const set_record nothing{set_call::any, 0, false, 0, {}, 5, 6};
    const set_record before{set_call::write, 0, true, 1, {}, 1, 2};
    const set_record beside{set_call::write, 0, true, 1, {}, 1, 7};
    EXPECT_FALSE(explained({{}, false, {{nothing}, {before}}}));
    EXPECT_TRUE(explained({{}, false, {{nothing}, {beside}}}));
    EXPECT_FALSE(explained({{0, 1, 0}, false, {{nothing}, {beside}}})) << "nobody touches the second";
}

} // namespace
} // namespace efd::tests
