// SPDX-License-Identifier: MIT
// The descriptor of an arena's set in each event loop, watched as any descriptor: signals of another process wake the
// loop, which is silent afterwards and hears the death of the last peer once. Loops that are not installed are left
// out.
#include <efd/arena.hpp>
#include <efd/wait_set.hpp>

#include "share/bells.hpp"
#include "share/calls.hpp"

#ifdef TEST_HAS_ASIO
#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#endif
#ifdef TEST_HAS_GLIB
#include <glib-unix.h>
#endif
#ifdef TEST_HAS_LIBEVENT
#include <event2/event.h>
#endif
#ifdef TEST_HAS_URING
#include <liburing.h>
#endif
#ifdef TEST_HAS_UV
#include <uv.h>
#endif

#include <cstdlib>
#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <poll.h>
#include <vector>

namespace efd::tests {
namespace {

// Calls `on_readable` in each turn in which the descriptor is readable.
class loop {
  public:
    explicit loop(std::function<void()> on_readable) : on_readable_(std::move(on_readable)) {}
    loop& operator=(loop&&) = delete; // neither copied nor moved
    virtual ~loop() = default;
    virtual void turn(bool may_sleep) = 0;

  protected:
    std::function<void()> on_readable_;
};
using maker = std::unique_ptr<loop> (*)(int fd, std::function<void()> on_readable);

template <class Loop>
std::unique_ptr<loop> make(int fd, std::function<void()> on_readable) {
    return std::make_unique<Loop>(fd, std::move(on_readable));
}

#ifdef TEST_HAS_ASIO
class on_asio final : public loop {
  public:
    on_asio(int fd, std::function<void()> on_readable) : loop(std::move(on_readable)), watched_(context_, fd) {
        wait();
    }
    ~on_asio() override { watched_.release(); }
    void turn(bool may_sleep) override {
        if (may_sleep)
            context_.run_one();
        else
            context_.poll();
    }

  private:
    void wait() {
        watched_.async_wait(asio::posix::stream_descriptor::wait_read, [this](const std::error_code& error) {
            if (error) return;
            on_readable_();
            wait();
        });
    }
    asio::io_context context_;
    asio::posix::stream_descriptor watched_;
};
#endif

#ifdef TEST_HAS_UV
class on_uv final : public loop {
  public:
    on_uv(int fd, std::function<void()> on_readable) : loop(std::move(on_readable)) {
        uv_loop_init(&loop_);
        uv_poll_init(&loop_, &watched_, fd);
        watched_.data = this;
        uv_poll_start(&watched_, UV_READABLE,
                      [](uv_poll_t* one, int, int) { static_cast<on_uv*>(one->data)->on_readable_(); });
    }
    ~on_uv() override {
        uv_close(reinterpret_cast<uv_handle_t*>(&watched_), nullptr);
        uv_run(&loop_, UV_RUN_DEFAULT);
        EXPECT_EQ(uv_loop_close(&loop_), 0);
    }
    void turn(bool may_sleep) override { uv_run(&loop_, may_sleep ? UV_RUN_ONCE : UV_RUN_NOWAIT); }

  private:
    uv_loop_t loop_{};
    uv_poll_t watched_{};
};
#endif

#ifdef TEST_HAS_GLIB
class on_glib final : public loop {
  public:
    on_glib(int fd, std::function<void()> on_readable)
        : loop(std::move(on_readable)), source_(g_unix_fd_source_new(fd, G_IO_IN)) {
        constexpr auto call = +[](gint, GIOCondition, gpointer data) -> gboolean {
            static_cast<on_glib*>(data)->on_readable_();
            return G_SOURCE_CONTINUE;
        };
        g_source_set_callback(source_, G_SOURCE_FUNC(call), this, nullptr);
        g_source_attach(source_, context_);
    }
    ~on_glib() override {
        g_source_destroy(source_);
        g_source_unref(source_);
        g_main_context_unref(context_);
    }
    void turn(bool may_sleep) override { g_main_context_iteration(context_, may_sleep ? TRUE : FALSE); }

  private:
    GMainContext* context_ = g_main_context_new();
    GSource* source_;
};
#endif

#ifdef TEST_HAS_LIBEVENT
class on_libevent final : public loop {
  public:
    on_libevent(int fd, std::function<void()> on_readable) : loop(std::move(on_readable)) {
        constexpr auto call = [](evutil_socket_t, short, void* data) {
            static_cast<on_libevent*>(data)->on_readable_();
        };
        watched_ = event_new(base_, fd, EV_READ | EV_PERSIST, call, this);
        event_add(watched_, nullptr);
    }
    ~on_libevent() override {
        event_free(watched_);
        event_base_free(base_);
    }
    void turn(bool may_sleep) override {
        event_base_loop(base_, may_sleep ? EVLOOP_ONCE : EVLOOP_ONCE | EVLOOP_NONBLOCK);
    }

  private:
    event_base* base_ = event_base_new();
    event* watched_ = nullptr;
};
#endif

#ifdef TEST_HAS_URING
// Polls once, and again after each call.
class on_uring final : public loop {
  public:
    on_uring(int fd, std::function<void()> on_readable) : loop(std::move(on_readable)), fd_(fd) {
        is_made_ = io_uring_queue_init(4, &ring_, 0) == 0;
        if (is_made_) poll_once();
    }
    ~on_uring() override {
        if (is_made_) io_uring_queue_exit(&ring_);
    }
    void turn(bool may_sleep) override {
        io_uring_cqe* found = nullptr;
        if ((may_sleep ? io_uring_wait_cqe(&ring_, &found) : io_uring_peek_cqe(&ring_, &found)) != 0) return;
        EXPECT_EQ(found->res & POLLIN, POLLIN);
        io_uring_cqe_seen(&ring_, found);
        on_readable_();
        poll_once();
    }
    static bool is_there() {
        io_uring tried{};
        if (io_uring_queue_init(4, &tried, 0) != 0) return false;
        io_uring_queue_exit(&tried);
        return true;
    }

  private:
    void poll_once() {
        io_uring_sqe* const entry = io_uring_get_sqe(&ring_);
        if (entry == nullptr) std::abort(); // 4 places, and never more than 1 in use
        io_uring_prep_poll_add(entry, fd_, POLLIN);
        EXPECT_EQ(io_uring_submit(&ring_), 1);
    }
    io_uring ring_{};
    int fd_;
    bool is_made_ = false;
};
#endif

struct kind {
    const char* name;
    maker make;
};

std::vector<kind> kinds() {
    return {
#ifdef TEST_HAS_ASIO
        {"asio", make<on_asio>},
#endif
#ifdef TEST_HAS_UV
        {"uv", make<on_uv>},
#endif
#ifdef TEST_HAS_GLIB
        {"glib", make<on_glib>},
#endif
#ifdef TEST_HAS_LIBEVENT
        {"libevent", make<on_libevent>},
#endif
#ifdef TEST_HAS_URING
        {"io_uring", make<on_uring>},
#endif
    };
}

class set_loops : public arena_bell, public testing::WithParamInterface<kind> {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(set_loops);

TEST_P(set_loops, hears_peers_is_silent_afterwards_and_hears_the_last_ones_death_once) {
#ifdef TEST_HAS_URING
    if (GetParam().make == static_cast<maker>(make<on_uring>) && !on_uring::is_there()) GTEST_SKIP() << "no io_uring";
#endif
    int calls = 0;
    std::uint64_t units = 0;
    const auto watching = GetParam().make(fd_, [&] {
        ++calls;
        while (taken(set_) == 1) ++units;
    });
    const auto turns_in_silence = [&] {
        const int before = calls;
        watching->turn(false);
        watching->turn(false);
        return calls == before && !is_readable(fd_);
    };
    EXPECT_TRUE(turns_in_silence());
    ringer first(object_);
    ringer second(object_);
    for (ringer* one : {&first, &second, &first}) {
        const std::uint64_t before = units;
        EXPECT_TRUE(one->signals());
        while (units == before) watching->turn(true);
        EXPECT_TRUE(turns_in_silence());
    }
    EXPECT_EQ(units, 3U);
    EXPECT_EQ(calls, 3);
    EXPECT_TRUE(object_.signal()); // by a thread of the owner
    while (units == 3) watching->turn(true);
    EXPECT_TRUE(turns_in_silence());
    first.kill();
    EXPECT_TRUE(turns_in_silence());
    const int before_death = calls;
    second.kill();
    while (calls == before_death) watching->turn(true);
    EXPECT_TRUE(turns_in_silence());
    EXPECT_EQ(calls, before_death + 1);
    EXPECT_EQ(units, 4U);
}

INSTANTIATE_TEST_SUITE_P(each, set_loops, testing::ValuesIn(kinds()),
                         [](const auto& one) { return std::string(one.param.name); });

} // namespace
} // namespace efd::tests
