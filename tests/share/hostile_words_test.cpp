// SPDX-License-Identifier: MIT
// Loops over words of an arena that another process changes for ever. The test stands between the library and
// syscall(2), which the linker leads here (--wrap): a sleep ends at once, as beside a peer that changes the word
// between a sleeper's announcement and its sleep each time, or wakes it.
#include <efd/arena.hpp>

#include "api/internal_access.hpp"
#include "core/shared_slots.hpp"
#include "share/wrapped_syscall.hpp"

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <gtest/gtest.h>
#include <stop_token>

namespace {

bool ends_sleeps = false;
bool as_woken = false;
long sleeps = 0;
constexpr long most_sleeps = 10'000'000; // a call that goes on for ever

} // namespace

static std::optional<long> answer_instead_of_kernel(long number) {
    constexpr long futex_waitv = 449;
    if (number != futex_waitv || !ends_sleeps) return std::nullopt;
    if (++sleeps > most_sleeps) std::abort();
    errno = EAGAIN;
    return as_woken ? 0 : -1;
}

namespace {

using efd::arena;
using efd::eventfd;
using std::chrono::milliseconds;

class HostileWords : public testing::TestWithParam<bool> {
  protected:
    HostileWords() {
        as_woken = GetParam();
        ends_sleeps = true;
    }
    ~HostileWords() override { ends_sleeps = false; }
    arena shared;
    eventfd object = shared.make();
};

TEST_P(HostileWords, keep_no_read_beyond_its_deadline) {
    std::uint64_t value = 0;
    EXPECT_EQ(object.read_for(value, milliseconds(5)), std::errc::timed_out);
    EXPECT_EQ(object.read_some_for(value, 3, milliseconds(5)), std::errc::timed_out);
    const std::stop_source nobody_stops;
    EXPECT_EQ(object.read_for(value, milliseconds(5), nobody_stops.get_token()), std::errc::timed_out);
    EXPECT_GT(sleeps, 0);
}

TEST_P(HostileWords, keep_no_write_beyond_its_deadline) {
    EXPECT_EQ(object.write(eventfd::max()), std::errc{});
    EXPECT_EQ(object.write_for(1, milliseconds(5)), std::errc::timed_out);
    EXPECT_EQ(object.count(), eventfd::max());
}

INSTANTIATE_TEST_SUITE_P(ChangedOrWoken, HostileWords, testing::Bool());

TEST(HostileWordsLimit, once_used_up_stays_so) {
    const arena shared;
    const eventfd object = shared.make();
    efd::core::turn_limit turns(efd::internal_access::object_of(object));
    std::uint32_t made = 0;
    while (turns.again()) ++made;
    EXPECT_EQ(made, efd::core::turn_limit::most - 1);
    EXPECT_FALSE(turns.again());
    EXPECT_FALSE(turns.again());
}

} // namespace
