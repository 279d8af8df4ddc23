// SPDX-License-Identifier: MIT
// A signal allocates nothing, whatever executor of Asio's the handler waits on: this program's operator new counts what
// the signaller's thread asks for.
#include "adapters/which_asio.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

namespace {
thread_local int allocations = 0;
}

// Not inline: the compiler would miss one of a pair.
[[gnu::noinline]] void* operator new(std::size_t bytes) {
    ++allocations;
    if (void* const place = std::malloc(bytes); place != nullptr) return place;
    throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new(std::size_t bytes, std::align_val_t alignment) {
    ++allocations;
    const auto to = static_cast<std::size_t>(alignment);
    if (void* const place = std::aligned_alloc(to, (bytes + to - 1) / to * to); place != nullptr) return place;
    throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* place) noexcept { std::free(place); }
[[gnu::noinline]] void operator delete(void* place, std::size_t) noexcept { std::free(place); }
[[gnu::noinline]] void operator delete(void* place, std::align_val_t) noexcept { std::free(place); }
[[gnu::noinline]] void operator delete(void* place, std::size_t, std::align_val_t) noexcept { std::free(place); }

namespace {

namespace net = under_test::net;
using efd::tests::io_eventfd;
using efd::tests::outcome;

template <class Eventfd, class Place>
void a_signal_allocates_nothing(Place&& place, net::io_context& context) {
    Eventfd jobs(place);
    outcome out;
    jobs.async_read(out.handler());
    allocations = 0;
    EXPECT_TRUE(jobs.object().signal());
    EXPECT_EQ(allocations, 0);
    context.restart();
    context.run();
    EXPECT_EQ(out.value, 1U);
}

TEST(asio_allocation, a_signal_allocates_nothing) {
    net::io_context context;
    using executor = net::io_context::executor_type;
    auto strand = net::make_strand(context);
    a_signal_allocates_nothing<io_eventfd>(context, context);
    a_signal_allocates_nothing<io_eventfd>(net::any_io_executor(strand), context);
    a_signal_allocates_nothing<io_eventfd>(net::any_io_executor(net::make_strand(net::any_io_executor(strand))),
                                           context);
    a_signal_allocates_nothing<under_test::basic_eventfd<executor>>(context, context);
    a_signal_allocates_nothing<under_test::basic_eventfd<net::strand<executor>>>(strand, context);
}

} // namespace
