// SPDX-License-Identifier: MIT
// tests/share/bells.hpp: what tests of the descriptors of arenas' sets have in common: such a descriptor, peers that
// ring, and the words of the arena that say whether they do.
#pragma once

#include <efd/arena.hpp>
#include <efd/eventfd.hpp>
#include <efd/wait_set.hpp>

#include "core/shared_sets.hpp"
#include "share/layout.hpp"
#include "share/processes.hpp"

#include <cstddef>
#include <functional>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/mman.h>

namespace efd::tests {

inline bool is_readable(int fd, int timeout_ms = 0) {
    ::pollfd asked{fd, POLLIN, 0};
    return ::poll(&asked, 1, timeout_ms) == 1 && (asked.revents & POLLIN) != 0;
}

inline constexpr int patience_ms = 20'000;

// A set of an arena with one object, whose token is 1, and the set's descriptor.
class arena_bell : public testing::Test {
  protected:
    explicit arena_bell(const arena_options& options = {}) : shared_(options) { set_.add(object_, 1); }

    const arena shared_;
    const wait_set set_ = shared_.make_set();
    const eventfd object_ = shared_.make();
    const int fd_ = set_.fd();
};
class arena_bell_without_looks : public arena_bell {
  protected:
    arena_bell_without_looks() : arena_bell({.first_look = {}, .last_look = {}}) {}
};

// A peer that does one thing, and has ended when this returns.
inline void by_a_peer(const std::function<bool()>& act) {
    process peer([&act] { return act() ? 0 : 1; });
    EXPECT_EQ(peer.end(), 0);
}

// A peer that makes a signal for each word, and lives until it is killed or ended.
class ringer {
  public:
    explicit ringer(const eventfd& object)
        : process_([this, &object] {
              while (line_.hear(1) != '\0') {
                  line_.say(1, object.signal() ? 'y' : 'n');
              }
              return 0;
          }) {}
    bool signals() {
        line_.say(0);
        return line_.hear(0) == 'y';
    }
    void kill() { process_.kill(); }
    void end() { // by its own exit: this process may be another user's now
        line_.say(0, '\0');
        (void)process_.end();
    }

  private:
    byte_line line_;
    process process_;
};

// The entry of the arena's first set, as a peer may write over it.
class entry_of_first {
  public:
    explicit entry_of_first(const arena& shared) {
        const efd::share::layout where = efd::share::layout_of({});
        bytes_ = static_cast<std::size_t>(where.bytes);
        base_ = ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, shared.fd(), 0);
        EXPECT_NE(base_, MAP_FAILED);
        entry_ = reinterpret_cast<efd::core::set_entry*>(static_cast<char*>(base_) + where.sets_at);
    }
    entry_of_first& operator=(entry_of_first&&) = delete; // neither copied nor moved
    ~entry_of_first() { ::munmap(base_, bytes_); }
    efd::core::set_entry* operator->() const { return entry_; }

  private:
    void* base_ = nullptr;
    std::size_t bytes_ = 0;
    efd::core::set_entry* entry_ = nullptr;
};

} // namespace efd::tests
