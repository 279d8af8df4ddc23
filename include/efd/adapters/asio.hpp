// SPDX-License-Identifier: MIT
// adapters/asio.hpp: an eventfd as an Asio io object: async_read and async_wait with any completion token.
//
// Header-only. Needs <asio.hpp> of Asio 1.18 or later: standalone, namespace efd::on_asio; or, with
// EFD_USE_BOOST_ASIO defined before the include, Boost.Asio from 1.74 on, namespace efd::on_boost_asio. A file that
// uses both includes this header once without and once with it. Cancellation slots need Asio 1.19 (Boost 1.77).
//
//     efd::on_asio::basic_eventfd jobs(io_context);
//     jobs.async_read([](std::error_code error, std::uint64_t value) { ... });
//     std::jthread worker([&] { jobs.object().signal(); });
//
// No descriptor and no reactor: the signaller takes for the handler that waits, and posts a function to its context;
// the context's thread calls the handler. See detail/adapters/asio_object.hpp for the io object and
// detail/adapters/posted_wait.hpp for the ownership.

#include <efd/detail/adapters/posted_wait.hpp>

#ifdef EFD_USE_BOOST_ASIO
#ifndef EFD_ON_BOOST_ASIO_HPP
#define EFD_ON_BOOST_ASIO_HPP
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_allocator.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/version.hpp>
#define EFD_ASIO_NAMESPACE on_boost_asio
#define EFD_ASIO_HAS_SLOTS (BOOST_ASIO_VERSION >= 101900)
#if EFD_ASIO_HAS_SLOTS
#include <boost/asio/associated_cancellation_slot.hpp>
#endif
namespace efd::EFD_ABI::on_boost_asio {
namespace net = ::boost::asio;
using error_code = ::boost::system::error_code;
inline const auto& system_errors() { return ::boost::system::system_category(); }
} // namespace efd::EFD_ABI::on_boost_asio
#include <efd/detail/adapters/asio_object.hpp>
#undef EFD_ASIO_NAMESPACE
#undef EFD_ASIO_HAS_SLOTS
#endif
#else
#ifndef EFD_ON_ASIO_HPP
#define EFD_ON_ASIO_HPP
#include <asio/any_io_executor.hpp>
#include <asio/associated_allocator.hpp>
#include <asio/associated_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/dispatch.hpp>
#include <asio/error.hpp>
#include <asio/execution_context.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/strand.hpp>
#include <asio/thread_pool.hpp>
#include <asio/version.hpp>
#define EFD_ASIO_NAMESPACE on_asio
#define EFD_ASIO_HAS_SLOTS (ASIO_VERSION >= 101900)
#if EFD_ASIO_HAS_SLOTS
#include <asio/associated_cancellation_slot.hpp>
#endif
namespace efd::EFD_ABI::on_asio {
namespace net = ::asio;
using error_code = ::asio::error_code;
inline const auto& system_errors() { return ::asio::system_category(); }
} // namespace efd::EFD_ABI::on_asio
#include <efd/detail/adapters/asio_object.hpp>
#undef EFD_ASIO_NAMESPACE
#undef EFD_ASIO_HAS_SLOTS
#endif
#endif
