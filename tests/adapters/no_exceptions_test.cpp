// The adapters that a program without exceptions includes: they compile, and read, under -fno-exceptions. No gtest,
// which need not be made for that. Says what failed, and ends with 1.
#ifdef TEST_HAS_ASIO
#define ASIO_NO_EXCEPTIONS
#include <asio/detail/config.hpp>
#include <cstdlib>
namespace asio::detail {
template <class Exception>
void throw_exception(const Exception&) {
    std::abort();
}
} // namespace asio::detail
#include <efd/adapters/asio.hpp>
#endif
#include <efd/adapters/coroutine.hpp>
#ifdef TEST_HAS_GLIB
#include <efd/adapters/glib.hpp>
#endif
#ifdef TEST_HAS_LIBEVENT
#include <efd/adapters/libevent.hpp>
#endif
#ifdef TEST_HAS_URING
#include <efd/adapters/io_uring.hpp>
#endif
#ifdef TEST_HAS_UV
#include <efd/adapters/uv.hpp>
#endif

#include <cstdio>

namespace {

std::uint64_t sum = 0;

#ifdef TEST_HAS_ASIO
void asio_reads(efd::eventfd& object) {
    asio::io_context context;
    efd::on_asio::basic_eventfd<> jobs(context, object.duplicate());
    jobs.async_read([](std::error_code error, std::uint64_t value) { sum += error ? 0 : value; });
    object.signal();
    context.run();
}
#endif
#ifdef TEST_HAS_LIBEVENT
void libevent_reads(efd::eventfd& object) {
    event_base* const base = event_base_new();
    {
        efd::libevent_reader reader(base, object, [](std::uint64_t value, void*) { sum += value; }, nullptr);
        object.signal();
        if (reader.add() != 0) sum += 100;
        event_base_loop(base, EVLOOP_NONBLOCK);
    }
    event_base_free(base);
}
#endif

} // namespace

int main() {
    efd::eventfd object;
    std::uint64_t wanted = 0;
#ifdef TEST_HAS_ASIO
    asio_reads(object);
    ++wanted;
#endif
#ifdef TEST_HAS_LIBEVENT
    libevent_reads(object);
    ++wanted;
#endif
    if (sum != wanted) std::fprintf(stderr, "%d of %d units came\n", static_cast<int>(sum), static_cast<int>(wanted));
    return sum == wanted ? 0 : 1;
}
