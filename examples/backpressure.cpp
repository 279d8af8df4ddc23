// SPDX-License-Identifier: MIT
// examples/backpressure.cpp: producers that wait, or give up, while too many bytes are on their way.
//
// A count has a bound, and a write without room sleeps: that is backpressure, and the object needs no second one. The
// count begins `budget` below the bound; a producer writes the size of a message before it sends it, the consumer takes
// that size back with read_some once the message is done. Both sides can poll: POLLOUT says that there is room for one.
//
// Promises: at no moment more than `budget` bytes are on their way. A message that is refused has changed nothing. A
// writer that had to wait makes its object slower for good, by tens of nanoseconds a call; if producers wait most
// of the time, examples/permits.cpp is the faster way round.
#include <efd/eventfd.hpp>

#include <chrono>
#include <cstdio>
#include <poll.h>
#include <system_error>
#include <thread>

class byte_budget {
  public:
    explicit byte_budget(std::uint64_t bytes) : base_(efd::eventfd::max() - bytes), count_(base_) {}

    // Sleeps while there is no room. Signal handlers without SA_RESTART do not end the sleep.
    void acquire(std::uint64_t bytes) {
        std::errc end = std::errc::interrupted;
        while (end == std::errc::interrupted) end = count_.write(bytes);
        if (end != std::errc{}) throw std::system_error(std::make_error_code(end));
    }
    // For those who would rather drop a message than wait: false, and nothing has changed.
    bool try_acquire(std::uint64_t bytes) { return count_.try_write(bytes) == std::errc{}; }
    // The same, after a while.
    bool acquire_for(std::uint64_t bytes, std::chrono::nanoseconds timeout) {
        return count_.write_for(bytes, timeout) == std::errc{};
    }
    // Only what was acquired, so there is always enough to take.
    void release(std::uint64_t bytes) {
        std::uint64_t taken = 0;
        if (count_.try_read_some(taken, bytes) != std::errc{} || taken != bytes)
            throw std::logic_error("more was released than acquired");
    }
    [[nodiscard]] std::uint64_t used() const noexcept { return count_.count() - base_; }
    [[nodiscard]] bool has_room() const noexcept { return (count_.poll() & POLLOUT) != 0; }

  private:
    std::uint64_t base_;
    efd::eventfd count_;
};

int main() {
    constexpr std::uint64_t budget = 4096;
    constexpr int messages = 5000;
    byte_budget on_their_way(budget);
    efd::eventfd sent(0, efd::flags::semaphore);
    std::uint64_t most = 0;
    auto produce = [&] {
        for (int i = 0; i < messages; ++i) {
            on_their_way.acquire(1024);
            sent.signal();
        }
    };
    std::jthread one(produce), two(produce);
    std::uint64_t done = 0;
    while (done < 2 * messages) {
        std::uint64_t message = 0;
        if (sent.read(message) != std::errc{}) continue;
        if (on_their_way.used() > most) most = on_their_way.used();
        on_their_way.release(1024);
        ++done;
    }
    // What a program does that must not wait:
    while (on_their_way.try_acquire(1024)) continue;
    const bool refused = !on_their_way.has_room() && !on_their_way.acquire_for(1, std::chrono::milliseconds(1));
    std::printf("%d messages, never more than %d bytes on their way\n", static_cast<int>(done),
                static_cast<int>(budget));
    return most <= budget && on_their_way.used() == budget && refused ? 0 : 1;
}
