// tests/dropin/known_eventfd.hpp: a kernel's eventfd with a slot, used as the interposed names use it.
#pragma once

#include "dropin/eventfd_calls.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <poll.h>
#include <string>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

namespace efd::dropin {

class known_eventfd {
  public:
    explicit known_eventfd(int flags = EFD_NONBLOCK, unsigned initval = 0)
        : there_(*new(map()) slot), fd_(::eventfd(initval, flags)) {
        learn_process();
        there_.semaphore.store((flags & EFD_SEMAPHORE) != 0 ? 1 : 0, base::relaxed);
        if (initval > 0) note_filled(there_, 0);
    }
    ~known_eventfd() {
        ::close(fd_);
        ::munmap(&there_, sizeof(slot));
    }
    known_eventfd(const known_eventfd&) = delete;
    known_eventfd& operator=(const known_eventfd&) = delete;

    [[nodiscard]] int fd() const { return fd_; }
    [[nodiscard]] slot& there() { return there_; }
    [[nodiscard]] parked_word word() const { return there_.state.load(base::acquire); }

    // From a page that is known: a sanitizer puts locals elsewhere than on the stack.
    ssize_t write(std::uint64_t n) {
        thread_local std::uint64_t value;
        value = n;
        note_readable(address_of(&value));
        return write_from(&value);
    }
    ssize_t write_from(const void* at) {
        return write_value(there_, fd_, at, value_size, [&] { return ::write(fd_, at, value_size); });
    }
    // The value, or a negative errno.
    std::int64_t read() {
        std::uint64_t value = 0;
        const ssize_t got = read_into(&value, sizeof value);
        return got == 8 ? static_cast<std::int64_t>(value) : -errno;
    }
    ssize_t read_into(void* at, std::size_t room) {
        return read_value(there_, fd_, at, room, [&] { return ::read(fd_, at, room); });
    }
    // What somebody does who does not know the slot: the kernel, a program without us.
    [[nodiscard]] std::int64_t read_unseen() const {
        std::uint64_t value = 0;
        return ::read(fd_, &value, sizeof value) == 8 ? static_cast<std::int64_t>(value) : -errno;
    }
    void write_unseen(std::uint64_t n) const {
        if (::write(fd_, &n, sizeof n) != 8) std::abort();
    }
    [[nodiscard]] bool readable() const {
        pollfd asked{fd_, POLLIN, 0};
        return ::poll(&asked, 1, 0) == 1;
    }
    // What fdinfo says.
    [[nodiscard]] std::uint64_t kernel_count() const {
        std::ifstream info("/proc/self/fdinfo/" + std::to_string(fd_));
        std::string word;
        while (info >> word)
            if (word == "eventfd-count:") return info >> word ? std::stoull(word, nullptr, 16) : 0;
        std::abort();
    }

  private:
    static void* map() { // shared with children, as the region is
        void* const at = ::mmap(nullptr, sizeof(slot), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (at == MAP_FAILED) std::abort();
        return at;
    }

    slot& there_;
    int fd_;
};

} // namespace efd::dropin
