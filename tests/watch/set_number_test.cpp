// SPDX-License-Identifier: MIT
// A set whose own numbers, its epolls and its bell, are closed behind its back and come back as somebody else's: it
// makes them anew when it needs them, registers what is there still, and harms nobody.
#include "common/libc.hpp"
#include "support/child.hpp"
#include "support/waiting.hpp"
#include "watch/set_parts.hpp"

#include <efd/efd.h>
#include <efd/wait_set.hpp>

#include <algorithm>
#include <array>
#include <functional>
#include <gtest/gtest.h>
#include <optional>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>
#include <vector>

namespace efd::tests {
namespace {

using common::close_from;
using namespace std::chrono_literals;

// An epoll that has an edge to tell, a bell that holds three, and a file, at all numbers that were closed: after all
// that is done with the set they are as they were.
class strangers {
  public:
    strangers() {
        for (int i = 0; i < 4; ++i) {
            const int source = ::eventfd(3, EFD_NONBLOCK);
            const int epoll = ::epoll_create1(0);
            epoll_event interest{};
            interest.events = EPOLLIN | EPOLLET;
            ::epoll_ctl(epoll, EPOLL_CTL_ADD, source, &interest);
            sources_.push_back(source);
            epolls_.push_back(epoll);
            files_.push_back(::memfd_create("stranger", 0));
        }
    }
    [[nodiscard]] bool has(int number) const {
        const auto in = [number](const std::vector<int>& some) {
            return std::find(some.begin(), some.end(), number) != some.end();
        };
        return in(sources_) || in(epolls_) || in(files_);
    }
    [[nodiscard]] bool unharmed() const {
        for (std::size_t i = 0; i < epolls_.size(); ++i) {
            epoll_event got{};
            eventfd_t held = 0;
            if (::epoll_wait(epolls_[i], &got, 1, 0) != 1) return false;
            if (::eventfd_read(sources_[i], &held) != 0 || held != 3) return false;
            if (::lseek(files_[i], 0, SEEK_END) != 0) return false;
        }
        return true;
    }

  private:
    std::vector<int> sources_;
    std::vector<int> epolls_;
    std::vector<int> files_;
};

void close_all_but(const std::vector<int>& kept) {
    for (int fd = 3; fd < 256; ++fd)
        if (std::find(kept.begin(), kept.end(), fd) == kept.end()) ::close(fd);
}

// In a child: a set whose numbers are closed behind its back, and given to strangers. 0: it goes on, they are unharmed.
int use_after_close(const std::function<bool(wait_set&, eventfd&, const pipe_ends&)>& use) {
    rlimit few{256, 256};
    ::setrlimit(RLIMIT_NOFILE, &few);
    close_from(3);
    wait_set set;
    eventfd object;
    pipe_ends pipe;
    pipe_ends gone;
    set.add(object, 1);
    set.add(pipe.reader(), EPOLLIN, 2);
    set.add(gone.reader(), EPOLLIN, 3);
    const int number = set.fd();
    close_all_but({pipe.reader(), pipe.writer()});
    const strangers others;
    if (!others.has(number) || !others.has(gone.reader())) return 1;
    pipe.fill();
    if (!use(set, object, pipe)) return 2;
    if (set.fd() == number || others.has(set.fd())) return 3;
    return others.unharmed() ? 0 : 4;
}

TEST(set_number, a_set_whose_numbers_were_closed_is_made_anew_by_a_look) {
    EXPECT_EQ(status_of_child([] {
                  return use_after_close([](wait_set& set, eventfd& object, const pipe_ends& pipe) {
                      if (look(set) != 2U) return false;
                      pipe.drain();
                      return !look(set) && object.signal() && look(set) == 1U && !look(set);
                  });
              }),
              0);
}

TEST(set_number, a_set_whose_numbers_were_closed_is_made_anew_by_a_wait) {
    EXPECT_EQ(status_of_child([] {
                  return use_after_close([](wait_set& set, eventfd& object, const pipe_ends& pipe) {
                      set_event got{};
                      pipe.drain();
                      if (set.wait_any_for(got, 1ms) != std::errc::timed_out) return false;
                      observed_thread waiter([&] { (void)set.wait_any_for(got, 20s); });
                      if (!eventually([&] { return sleeps_now(waiter.tid()); })) return false;
                      return object.signal() && waiter.seen_done() && got.token == 1U;
                  });
              }),
              0);
}

TEST(set_number, a_set_whose_numbers_were_closed_is_made_anew_by_a_change) {
    EXPECT_EQ(status_of_child([] {
                  return use_after_close([](wait_set& set, eventfd& /*object*/, const pipe_ends& pipe) {
                      if (set.remove(1) != std::errc{}) return false;
                      set.add(pipe.reader(), EPOLLIN, 5);
                      return look(set) == 5U;
                  });
              }),
              0);
}

TEST(set_number, a_set_whose_numbers_were_closed_harms_no_stranger_with_its_end) {
    EXPECT_EQ(status_of_child([] {
                  rlimit few{256, 256};
                  ::setrlimit(RLIMIT_NOFILE, &few);
                  close_from(3);
                  auto set = std::make_optional<wait_set>();
                  pipe_ends pipe;
                  set->add(pipe.reader(), EPOLLIN, 1);
                  const int number = set->fd();
                  close_from(3);
                  const strangers others;
                  if (!others.has(number)) return 1;
                  set.reset();
                  return others.unharmed() ? 0 : 2;
              }),
              0);
}

TEST(set_number, all_that_was_closed_is_made_anew_in_one_call) {
    EXPECT_EQ(status_of_child([] {
                  return use_after_close([](wait_set& set, eventfd& object, const pipe_ends& pipe) {
                      if (efd_renew_descriptors() != 0) return false;
                      const int fd = set.fd();
                      if (!readable(fd)) return false;
                      pipe.drain();
                      return !readable(fd) && object.signal() && readable(fd);
                  });
              }),
              0);
}

} // namespace
} // namespace efd::tests
