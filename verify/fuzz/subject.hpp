// SPDX-License-Identifier: MIT
// verify/fuzz/subject.hpp: one of those that are compared: the kernel, a face of the library, or a broken object.
//
// A subject owns up to eight handles and the objects behind them. It answers in errno values, 0 for success. The driver
// calls on living handles only, and decides beforehand whether a plain read or write would sleep. read, write, attempts
// and signal may be called from any thread at once, everything else from the driver's alone.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace efd::fuzz {

inline constexpr unsigned most_handles = 8;
inline constexpr unsigned most_objects = 4;

// How a caller is prepared to wait: as the object's flag says, never, until a deadline that has passed, or until one
// that will not come as long as the program runs.
enum class manner : std::uint8_t { as_flagged, never, expired, patient };

struct answer {
    int error = 0;
    std::uint64_t value = 0; // of a read that took
};

class subject {
  public:
    virtual ~subject() = default;
    subject& operator=(subject&&) = delete; // neither copied nor moved

    [[nodiscard]] virtual std::string_view name() const = 0;

    virtual int create(unsigned handle, std::uint64_t initval, unsigned flags) = 0;
    virtual void duplicate(unsigned from, unsigned to) = 0;
    virtual void close(unsigned handle) = 0;

    virtual answer read(unsigned handle, manner how) = 0;
    // As the object's flag says. The kernel's: so many reads of a semaphore; of another object a read of all and a
    // write of the rest, without another call between them.
    virtual answer read_some(unsigned handle, std::uint64_t most) = 0;
    virtual int write(unsigned handle, std::uint64_t value, manner how) = 0;
    virtual int signal(unsigned handle, bool deferred) = 0;

    virtual void set_nonblock(unsigned handle, bool on) = 0;
    virtual bool nonblock(unsigned handle) = 0;
    virtual unsigned poll(unsigned handle) = 0;
    // Whether looking at the count is as cheap as a step; the kernel's is looked at now and then.
    [[nodiscard]] virtual bool count_is_cheap() const { return true; }
    virtual std::uint64_t count(unsigned handle) = 0;

    // Edges: an observer of an object that asks for some of IN and OUT. Returns the events since the last call.
    virtual unsigned watch(unsigned handle, unsigned object, unsigned mask) = 0;
    virtual void unwatch(unsigned handle, unsigned object) = 0;
    virtual unsigned event(unsigned handle, unsigned object) = 0;
    // In one step where the subject has one; never sleeps.
    virtual answer unwatch_and_read(unsigned handle, unsigned object) = 0;

    // The kernel's subject can signal at the bound only if asynchronous I/O is available.
    [[nodiscard]] virtual bool signals_at_the_bound() { return true; }
};

using subjects = std::vector<std::unique_ptr<subject>>;

std::unique_ptr<subject> kernel_subject(bool with_aio = true);
// The kernel's and both faces of the library.
subjects all_subjects(bool with_aio = true);

} // namespace efd::fuzz
