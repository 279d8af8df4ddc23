// SPDX-License-Identifier: MIT
// examples/ring_to_python.cpp: a writer in C++ for a reader in Python, examples/python/ring_reader.py: a ring in POSIX
// shared memory, on which the reader sleeps while it is empty, in a thread or in asyncio, instead of spinning.
//
//     ring_to_python NAME          prints a line when the ring is there, writes, and prints a line at the end
//
// Memory and arena have the same name. Two objects of the arena count: `items` what the reader may read, `room` the
// places that the writer may fill. So no index is shared, and a read of a count orders the bytes behind it. No system
// call unless the other process sleeps. A writer that finds no room for a minute gives up. One reader; what a killed
// reader had taken is lost.
#include <efd/arena.hpp>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <sys/mman.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace {

constexpr std::uint64_t messages = 20'000;
constexpr std::size_t places = 64;
constexpr std::size_t most_bytes = 4080;

// What the reader knows, too: the number of bytes and the number of the message, little-endian, then the bytes.
struct message_place {
    std::uint64_t length; // zero: the last one
    std::uint64_t number;
    unsigned char bytes[most_bytes];
};
static_assert(sizeof(message_place) == 4096);

[[noreturn]] void fail(const std::string& what) { throw std::system_error(errno, std::generic_category(), what); }

// The name goes with the writer; a reader that has opened the memory keeps it.
class shared_ring {
  public:
    explicit shared_ring(const std::string& name) : name_("/" + name) {
        const int memory = ::shm_open(name_.c_str(), O_RDWR | O_CREAT | O_EXCL, 0600);
        if (memory < 0) fail("shm_open " + name_);
        const bool is_large = ::ftruncate(memory, bytes) == 0;
        void* const at = is_large ? ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0) : MAP_FAILED;
        const int why = errno;
        ::close(memory);
        if (at == MAP_FAILED) {
            ::shm_unlink(name_.c_str());
            errno = why;
            fail("memory of the ring");
        }
        places_ = static_cast<message_place*>(at);
    }
    ~shared_ring() {
        ::munmap(places_, bytes);
        ::shm_unlink(name_.c_str());
    }
    shared_ring& operator=(shared_ring&&) = delete; // neither copied nor moved

    message_place& operator[](std::uint64_t number) { return places_[number % places]; }

  private:
    static constexpr std::size_t bytes = places * sizeof(message_place);
    std::string name_;
    message_place* places_ = nullptr;
};

class writer {
  public:
    explicit writer(const std::string& name)
        : ring_(name), arena_(efd::arena::create(name)), items_(arena_.make("items")),
          room_(arena_.make("room", places, efd::flags::semaphore)) {}

    void write(std::uint64_t length) {
        wait_for(1);
        message_place& to = ring_[next_];
        to.length = length;
        to.number = next_;
        std::memset(to.bytes, static_cast<int>(next_ & 0xff), length);
        ++next_;
        items_.signal(); // publishes what is written above
    }
    // Until the reader has read all of it.
    void finish() {
        write(0);
        wait_for(places);
    }

  private:
    void wait_for(std::size_t free_places) {
        for (std::uint64_t one = 0; free_places > 0; --free_places) {
            const std::errc why = room_.read_for(one, std::chrono::minutes(1));
            if (why != std::errc{}) throw std::system_error(std::make_error_code(why), "no reader makes room");
        }
    }

    shared_ring ring_;
    efd::arena arena_;
    efd::eventfd items_;
    efd::eventfd room_;
    std::uint64_t next_ = 0;
};

} // namespace

int main(int number, char** words) {
    if (number != 2) {
        std::fprintf(stderr, "ring_to_python NAME; then in Python: ring_reader.py NAME\n");
        return 2;
    }
    try {
        writer to(words[1]);
        std::printf("the ring is there\n");
        std::fflush(stdout);
        for (std::uint64_t i = 0; i < messages; ++i) to.write(1 + i % most_bytes);
        to.finish();
        std::printf("%llu messages written, all of them read\n", static_cast<unsigned long long>(messages));
        return 0;
    } catch (const std::system_error& why) {
        std::fprintf(stderr, "ring_to_python: %s\n", why.what());
        return 1;
    }
}
