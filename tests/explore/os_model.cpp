// What stands in for src/os and src/base/stop.hpp: the futex goes to the machine, the clock stands still.
#include "base/stop.hpp"
#include "explore/machine.hpp"
#include "explore/slots.hpp"
#include "os/clock.hpp"
#include "os/cpu.hpp"
#include "os/futex.hpp"
#include "os/memory.hpp"

#include <cstdio>
#include <cstdlib>

namespace explore {
namespace {

// The table's first slab; slots beyond the first few are never touched.
constexpr std::size_t slab_bytes = std::size_t{1} << 20;
alignas(4096) unsigned char slab[slab_bytes];

request futex_request(const void* word, act what, bool shared, std::source_location where) noexcept {
    return {word, 4, what, order::relaxed, order::relaxed, 0, 0, where, 0, shared, 0, false};
}

} // namespace

region first_slots(std::size_t bytes) noexcept { return {slab, bytes}; }

} // namespace explore

namespace efd::os {

wait_end futex_wait(const void* word, std::uint32_t expected, std::int64_t deadline_ns, futex_scope scope) noexcept {
    auto asked = explore::futex_request(word, explore::act::futex_wait, scope == futex_scope::shared,
                                        std::source_location::current());
    asked.expected = expected;
    asked.deadline_ns = deadline_ns;
    explore::perform(asked);
    return static_cast<wait_end>(asked.operand);
}

int futex_wake_and_count(const void* word, int most, futex_scope scope) noexcept {
    auto asked = explore::futex_request(word, explore::act::futex_wake, scope == futex_scope::shared,
                                        std::source_location::current());
    asked.operand = static_cast<std::uint64_t>(most);
    explore::perform(asked);
    return static_cast<int>(asked.value);
}

std::uint64_t futex_calls() noexcept { return 0; }
std::int64_t now_ns() noexcept { return 0; }
int current_cpu() noexcept { return 0; }

void* map_zeroed(std::size_t bytes) noexcept { return bytes <= explore::slab_bytes ? explore::slab : nullptr; }

} // namespace efd::os

namespace efd::base {

void stop(const char* sentence) noexcept {
    explore::the_machine().fail(std::string("the code stopped: ") + sentence);
    std::fprintf(stderr, "stopped outside of an exploration: %s\n", sentence);
    std::abort();
}

} // namespace efd::base
