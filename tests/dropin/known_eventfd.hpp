// SPDX-License-Identifier: MIT
// tests/dropin/known_eventfd.hpp: a kernel's eventfd with a slot, used as the interposed names use it.
#pragma once

#include "dropin/rules/calls.hpp"

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
        : fd_(::eventfd(initval, flags)), initval_(initval) {
        slot_.semaphore.store((flags & EFD_SEMAPHORE) != 0 ? 1 : 0, base::relaxed);
        slot_.record.store(&record_, base::relaxed);
        slot_.incarnation.store(1, base::relaxed);
        slot_.word.store(with_note(0), base::relaxed);
    }
    ~known_eventfd() { ::close(fd_); }
    known_eventfd& operator=(known_eventfd&&) = delete; // neither copied nor moved

    [[nodiscard]] int fd() const { return fd_; }
    [[nodiscard]] fd_slot& slot() { return slot_; }
    [[nodiscard]] const tally& counted() const { return record_.counted; }
    [[nodiscard]] reason demoted_for() const { return record_.demoted_for.load(base::relaxed); }
    [[nodiscard]] cached_word word() const { return slot_.word.load(base::acquire); }

    // While no other thread has it.
    bool promote_now() {
        if (!promote(slot_)) return false;
        if (initval_ > 0) mark_filled(slot_, word());
        return true;
    }
    void demote_now(reason why = reason::denied) { demote(slot_, fd_, why); }

    // From a page that is known: a sanitizer puts locals elsewhere than on the stack.
    ssize_t write(std::uint64_t n) {
        thread_local std::uint64_t value;
        value = n;
        readable_pages.note(address_of(&value));
        return write_from(&value);
    }
    ssize_t write_from(const void* at) {
        return write_value(slot_, fd_, at, value_size,
                           [&](const void* from) { return ::write(fd_, from, value_size); });
    }
    // The value, or a negative errno.
    std::int64_t read() {
        std::uint64_t value = 0;
        const ssize_t got = read_into(&value, sizeof value);
        return got == 8 ? static_cast<std::int64_t>(value) : -errno;
    }
    ssize_t read_into(void* at, std::size_t room) {
        return read_value(slot_, fd_, at, room, [&] { return ::read(fd_, at, room); });
    }
    // Calls past the slot: the kernel's own, or those of a program without the drop-in.
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
    fd_slot slot_;
    report_record record_;
    int fd_;
    unsigned initval_;
};

} // namespace efd::dropin
