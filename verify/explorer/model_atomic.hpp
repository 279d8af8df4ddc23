// SPDX-License-Identifier: MIT
// The explorer's side of the door to atomics: what EFD_ATOMIC_MODEL names.
//
// An atomic here has the size of its value and no behaviour of its own: each operation becomes a request, which the
// view machine (machine.hpp) answers. Inside an exploration the object's bytes are only its value at the beginning; the
// machine keeps what was written since. Outside of one, requests act on the bytes directly. The place in the source
// comes along, so that a schedule can be told in the words of the code.
#pragma once

#include <efd/detail/base/cxx20.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <source_location>
#include <type_traits>

namespace explore {

enum class order : unsigned char { relaxed = 0, acquire = 1, release = 2, acq_rel = 3 };
constexpr bool acquires(order o) noexcept { return (static_cast<unsigned>(o) & 1U) != 0; }
constexpr bool releases(order o) noexcept { return (static_cast<unsigned>(o) & 2U) != 0; }

enum class act : unsigned char {
    load,
    store,
    born, // a constructor's store
    exchange,
    add,
    bit_or,
    bit_and,
    cas_weak,
    cas_strong,
    lock,           // of the models of std alone: blocks while the newest value has a bit of `expected`, then ors
    doorbell,       // of the kernel's eventfds alone (doorbells.hpp): `expected` says which call
    await_doorbell, // blocks until the descriptor is ready for who watches it
    await_change,   // of the drop-in's waits alone: blocks until the value is not `expected`, or a thread was killed
    await_end,      // of the scenarios alone: blocks until the thread of this number has ended or was killed
    pass,           // of the scenarios alone: nothing; others may go before what follows
    yield,          // blocks until no other thread can go on but by this
    futex_queue,    // on the first word of two: queues there, and goes on to the other by futex_wait
    child,          // of the scenarios alone: blocks until so many threads are gone; then the process is their child
    futex_wait,
    futex_wake,
};

struct request {
    const void* address;
    std::size_t size;
    act what;
    order success;
    order failure;
    std::uint64_t operand;
    std::uint64_t expected;
    std::source_location where;
    std::int64_t deadline_ns; // of a sleeper
    bool shared_futex;
    // The answer.
    std::uint64_t value; // what was read
    bool done;           // cas: exchanged
};

// Acts out a request, in the machine or on the bytes.
void perform(request& asked) noexcept;

// Pointers into thread storage are one address for all fibers: they leave a fiber marked with its number.
std::uint64_t pointer_out(std::uintptr_t value) noexcept;
std::uintptr_t pointer_in(std::uint64_t bits) noexcept;

template <class T>
std::uint64_t to_bits(T value) noexcept {
    if constexpr (std::is_pointer_v<T>) {
        return pointer_out(reinterpret_cast<std::uintptr_t>(value));
    } else if constexpr (std::is_same_v<T, bool>) {
        return value ? 1 : 0;
    } else {
        return static_cast<std::uint64_t>(static_cast<std::make_unsigned_t<T>>(value));
    }
}
template <class T>
T from_bits(std::uint64_t bits) noexcept {
    if constexpr (std::is_pointer_v<T>) {
        return reinterpret_cast<T>(pointer_in(bits));
    } else if constexpr (std::is_same_v<T, bool>) {
        return bits != 0;
    } else {
        return static_cast<T>(bits);
    }
}

template <class T>
class model_atomic {
    using place = std::source_location;

  public:
    constexpr model_atomic() noexcept : model_atomic(T{}) {}
    constexpr model_atomic(T value) noexcept : value_(value) { // NOLINT(google-explicit-constructor): as std::atomic
        if (!std::is_constant_evaluated()) (void)ask(act::born, order::relaxed, value, place::current());
    }
    model_atomic& operator=(model_atomic&&) = delete; // neither copied nor moved

    T load(order o, place where = place::current()) const noexcept {
        return from_bits<T>(ask(act::load, o, T{}, where).value);
    }
    void store(T value, order o, place where = place::current()) noexcept { (void)ask(act::store, o, value, where); }
    T exchange(T value, order o, place where = place::current()) noexcept {
        return from_bits<T>(ask(act::exchange, o, value, where).value);
    }
    T fetch_add(T value, order o, place where = place::current()) noexcept {
        return from_bits<T>(ask(act::add, o, value, where).value);
    }
    T fetch_sub(T value, order o, place where = place::current()) noexcept {
        return from_bits<T>(ask(act::add, o, static_cast<T>(T{} - value), where).value);
    }
    T fetch_or(T value, order o, place where = place::current()) noexcept {
        return from_bits<T>(ask(act::bit_or, o, value, where).value);
    }
    T fetch_and(T value, order o, place where = place::current()) noexcept {
        return from_bits<T>(ask(act::bit_and, o, value, where).value);
    }
    bool compare_exchange_weak(T& expected, T wanted, order success, order failure,
                               place where = place::current()) noexcept {
        return compare_exchange(act::cas_weak, expected, wanted, success, failure, where);
    }
    bool compare_exchange_strong(T& expected, T wanted, order success, order failure,
                                 place where = place::current()) noexcept {
        return compare_exchange(act::cas_strong, expected, wanted, success, failure, where);
    }
    // For the models of std's locks: waits until none of `awaited` is set, then sets `bits`, in one step.
    T lock(T awaited, T bits, place where = place::current()) noexcept {
        request asked{
            &value_, sizeof(T), act::lock, order::acq_rel, order::acq_rel, to_bits(bits), to_bits(awaited), where,
            0,       false,     0,         false};
        perform(asked);
        return from_bits<T>(asked.value);
    }

  private:
    request ask(act what, order o, T operand, place where) const noexcept {
        request asked{&value_, sizeof(T), what, o, o, to_bits(operand), 0, where, 0, false, 0, false};
        perform(asked);
        return asked;
    }
    bool compare_exchange(act what, T& expected, T wanted, order success, order failure, place where) noexcept {
        request asked{&value_,           sizeof(T), what, success, failure, to_bits(wanted),
                      to_bits(expected), where,     0,    false,   0,       false};
        perform(asked);
        if (!asked.done) expected = from_bits<T>(asked.value);
        return asked.done;
    }

    T value_;
};
static_assert(sizeof(model_atomic<std::uint64_t>) == 8 && sizeof(model_atomic<std::uint16_t>) == 2);

} // namespace explore

namespace efd::EFD_ABI::base {

template <class T>
using atomic = explore::model_atomic<T>;

inline constexpr explore::order relaxed = explore::order::relaxed;
inline constexpr explore::order acquire = explore::order::acquire;
inline constexpr explore::order release = explore::order::release;
inline constexpr explore::order acq_rel = explore::order::acq_rel;
inline void in_program_order() noexcept {} // plain memory changes with the step before it

} // namespace efd::EFD_ABI::base
