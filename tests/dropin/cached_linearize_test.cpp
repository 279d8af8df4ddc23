// SPDX-License-Identifier: MIT
// Recorded histories of an eventfd that is promoted and demoted in their midst: each has an order of its calls
// that the rules of core/count.hpp allow. Two mistakes are made on purpose, and found.
#include "linearize/checker.hpp"
#include "linearize/recorder.hpp"

#include "cached_subject.hpp"

#include <gtest/gtest.h>

namespace efd::dropin {
namespace {

namespace lin = efd::linearize;

template <fault is>
std::optional<lin::history> recorded(std::uint64_t seed) {
    lin::plan drawn = lin::draw_plan(lin::regime::zero, seed);
    if (is != fault::none) drawn.nonblock = true; // the mistaken reads do not sleep
    auto session = std::make_unique<lin::recorder<cached_subject<is>>>(drawn);
    if (session->run()) return session->result();
    (void)session.release(); // its threads live on
    return std::nullopt;
}

// A busy machine records fewer.
constexpr std::uint64_t few = 100;
constexpr std::uint64_t many = 1500;
constexpr std::chrono::seconds time_for_many{60};

TEST(cached_linearize, every_history_has_an_order) {
    std::size_t calls = 0;
    const auto start = std::chrono::steady_clock::now();
    const auto has_time = [&] { return std::chrono::steady_clock::now() - start < time_for_many; };
    for (std::uint64_t seed = 1; seed <= few || (seed <= many && has_time()); ++seed) {
        const auto history = recorded<fault::none>(seed);
        ASSERT_TRUE(history) << "did not end: seed " << seed;
        const lin::finding found = lin::check(*history);
        ASSERT_EQ(found.is, lin::verdict::linearizable) << lin::explain(*history, found);
        calls += history->calls();
    }
    RecordProperty("calls", static_cast<int>(calls));
}

template <fault is>
bool caught() {
    for (std::uint64_t seed = 1; seed <= 4000; ++seed) {
        const auto history = recorded<is>(seed);
        if (!history) return false; // it must be the checker that finds it
        if (lin::check(*history).is == lin::verdict::impossible) return true;
    }
    return false;
}

TEST(cached_linearize, two_readers_that_divide_one_count_are_found) { EXPECT_TRUE(caught<fault::divides>()); }
TEST(cached_linearize, a_reader_that_knows_of_no_cached_units_is_found) { EXPECT_TRUE(caught<fault::reads_around>()); }

} // namespace
} // namespace efd::dropin
