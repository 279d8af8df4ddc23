// tests/adapters/which_asio.hpp: the tests of adapters/asio.hpp run on standalone Asio and (with EFD_USE_BOOST_ASIO) on
// Boost.Asio; this says which, and what that one offers.
#pragma once

#include <efd/adapters/asio.hpp>

#ifdef EFD_USE_BOOST_ASIO
#include <boost/asio.hpp>
#if BOOST_ASIO_VERSION >= 101900
#define TEST_HAS_SLOTS
#endif
#if BOOST_ASIO_VERSION >= 102400
#define TEST_HAS_DEFERRED
#endif
namespace under_test = efd::on_boost_asio;
#else
#include <asio.hpp>
#if ASIO_VERSION >= 101900
#define TEST_HAS_SLOTS
#endif
#if ASIO_VERSION >= 102400
#define TEST_HAS_DEFERRED
#elif ASIO_VERSION >= 102200
#include <asio/experimental/deferred.hpp>
#define TEST_HAS_DEFERRED
namespace asio {
using experimental::deferred;
}
#endif
namespace under_test = efd::on_asio;
#endif

namespace efd::tests {

namespace net = under_test::net;
using under_test::error_code;
using io_eventfd = under_test::basic_eventfd<>;

struct outcome {
    error_code error;
    std::uint64_t value = 0;
    int times = 0;
    auto handler() {
        return [this](error_code e, std::uint64_t v) { error = e, value = v, ++times; };
    }
};

} // namespace efd::tests
