// Asio and Boost.Asio in one translation unit, each with its own basic_eventfd, on one object.
#include <efd/adapters/asio.hpp>

// Boost.Asio of these ages has some names outside of its namespace, where Asio has its own: without this the two do not
// go together, with or without efd.
#define asio_execution_bulk_execute_fn boost_asio_execution_bulk_execute_fn
#define asio_execution_connect_fn boost_asio_execution_connect_fn
#define asio_execution_execute_fn boost_asio_execution_execute_fn
#define asio_execution_schedule_fn boost_asio_execution_schedule_fn
#define asio_execution_set_done_fn boost_asio_execution_set_done_fn
#define asio_execution_set_error_fn boost_asio_execution_set_error_fn
#define asio_execution_set_value_fn boost_asio_execution_set_value_fn
#define asio_execution_start_fn boost_asio_execution_start_fn
#define asio_execution_submit_fn boost_asio_execution_submit_fn
#define asio_prefer_fn boost_asio_prefer_fn
#define asio_query_fn boost_asio_query_fn
#define asio_require_fn boost_asio_require_fn
#define asio_require_concept_fn boost_asio_require_concept_fn

#define EFD_USE_BOOST_ASIO
#include <efd/adapters/asio.hpp>

#include <gtest/gtest.h>

namespace {

TEST(both_asios, readers_of_both_share_one_object) {
    efd::eventfd object(0, efd::flags::semaphore);
    asio::io_context one;
    boost::asio::io_context two;
    efd::on_asio::basic_eventfd<> of_one(one, object.duplicate());
    efd::on_boost_asio::basic_eventfd<> of_two(two, object.duplicate());
    std::uint64_t sum = 0;
    of_one.async_read([&](std::error_code error, std::uint64_t value) { sum += error ? 0 : value; });
    of_two.async_read([&](boost::system::error_code error, std::uint64_t value) { sum += error ? 0 : value; });
    EXPECT_EQ(object.write(2), std::errc{});
    one.run();
    two.run();
    EXPECT_EQ(sum, 2U);
}

} // namespace
