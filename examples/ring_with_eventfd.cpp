// SPDX-License-Identifier: MIT
// examples/ring_with_eventfd.cpp: a ring in shared memory, for one producer and one consumer, that sleep where it is
// empty or full. The eventfds are in the same memory: an arena is placed behind the ring, and their ids stand beside
// the indexes. One descriptor is passed, that of the memory.
//
//     ring_with_eventfd                  the producer, which starts the consumer and prints one line
//     ring_with_eventfd DESCRIPTOR       the consumer
//
// Promises: each number is taken once, in order. The indexes say what is in the ring, the eventfds only that they have
// changed, so that a process may be killed and begin again. What the other process writes into the ring can make
// numbers wrong and nothing else: each index is loaded once, and a place is a remainder. No system call unless the
// other process sleeps.
#include <efd/arena.hpp>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <new>
#include <spawn.h>
#include <string>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

constexpr std::uint64_t numbers = 50'000;
constexpr std::uint64_t places = 64;

// The memory of both: the ring in front, the arena behind.
struct ring_memory {
    alignas(64) std::atomic<std::uint64_t> pushed; // by the producer alone
    alignas(64) std::atomic<std::uint64_t> popped; // by the consumer alone
    alignas(64) std::atomic<std::uint64_t> items;  // the id of what is signalled after a push
    std::atomic<std::uint64_t> room;               // and after a pop
    alignas(64) std::atomic<std::uint64_t> place[places];
};
constexpr std::uint64_t arena_at = 65536;
constexpr std::uint64_t all_bytes = 1 << 20;
static_assert(sizeof(ring_memory) <= arena_at && std::atomic<std::uint64_t>::is_always_lock_free);

[[noreturn]] void fail(const char* what) {
    std::perror(what);
    std::exit(1);
}

// Memory that no holder can make smaller, as the arena asks for.
int make_memory() {
    const int made = ::memfd_create("ring", MFD_ALLOW_SEALING); // the consumer inherits it
    if (made < 0 || ::ftruncate(made, all_bytes) != 0) fail("memfd_create");
    if (::fcntl(made, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) fail("F_ADD_SEALS");
    return made;
}

ring_memory& map(int memory) {
    void* const place = ::mmap(nullptr, sizeof(ring_memory), PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    if (place == MAP_FAILED) fail("mmap");
    return *std::launder(static_cast<ring_memory*>(place)); // zeros are a valid ring
}

efd::eventfd object_of(const efd::arena& from, std::uint64_t id) {
    auto found = from.at(id);
    if (!found) throw std::system_error(std::make_error_code(found.error), "efd::arena::at");
    return std::move(found.object);
}

class ring {
  public:
    ring(ring_memory& memory, const efd::arena& objects)
        : memory_(memory), items_(object_of(objects, memory.items)), room_(object_of(objects, memory.room)) {}

    void push(std::uint64_t number) { // by the producer
        const std::uint64_t at = memory_.pushed.load(std::memory_order_relaxed);
        while (at - memory_.popped.load(std::memory_order_acquire) >= places) sleep_on(room_);
        memory_.place[at % places].store(number, std::memory_order_relaxed);
        memory_.pushed.store(at + 1, std::memory_order_release);
        (void)items_.try_write(1);
    }
    std::uint64_t pop() { // by the consumer
        const std::uint64_t at = memory_.popped.load(std::memory_order_relaxed);
        while (memory_.pushed.load(std::memory_order_acquire) == at) sleep_on(items_);
        const std::uint64_t number = memory_.place[at % places].load(std::memory_order_relaxed);
        memory_.popped.store(at + 1, std::memory_order_release);
        (void)room_.try_write(1);
        return number;
    }

  private:
    // Until the other side has changed its index, or has done so already; the caller looks again.
    static void sleep_on(efd::eventfd& change) {
        std::uint64_t changes = 0;
        (void)change.read(changes);
    }

    ring_memory& memory_;
    efd::eventfd items_;
    efd::eventfd room_;
};

int produce() {
    const int descriptor = make_memory();
    ring_memory& memory = map(descriptor);
    const efd::arena objects = efd::arena::place(descriptor, arena_at, {.slots = 2, .processes = 2});
    const efd::eventfd items = objects.make();
    const efd::eventfd room = objects.make();
    memory.items = objects.id(items);
    memory.room = objects.id(room);

    const std::string number = std::to_string(descriptor);
    const char* const words[] = {"ring_with_eventfd", number.c_str(), nullptr};
    pid_t consumer = -1;
    if (::posix_spawn(&consumer, "/proc/self/exe", nullptr, nullptr, const_cast<char* const*>(words), environ) != 0)
        fail("posix_spawn");
    ring to(memory, objects);
    for (std::uint64_t i = 1; i <= numbers; ++i) to.push(i);
    int status = -1;
    const bool in_order = ::waitpid(consumer, &status, 0) == consumer && status == 0;
    if (in_order)
        std::printf("%llu numbers went through %llu places of shared memory\n",
                    static_cast<unsigned long long>(numbers), static_cast<unsigned long long>(places));
    return in_order ? 0 : 1;
}

int consume(int descriptor) {
    ring_memory& memory = map(descriptor);
    ring from(memory, efd::arena::attach_at(descriptor, arena_at));
    for (std::uint64_t i = 1; i <= numbers; ++i)
        if (from.pop() != i) return 1;
    return 0;
}

} // namespace

int main(int number, char** words) {
    try {
        return number > 1 ? consume(std::atoi(words[1])) : produce();
    } catch (const std::system_error& why) {
        std::fprintf(stderr, "ring_with_eventfd: %s\n", why.what());
        return 1;
    }
}
