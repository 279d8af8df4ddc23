// SPDX-License-Identifier: MIT
// verify/fuzz/program.cpp: see program.hpp.
#include "fuzz/program.hpp"

#include <efd/detail/core/count.hpp>
#include <efd/detail/core/word.hpp>

#include <array>
#include <poll.h>
#include <sys/eventfd.h>

namespace efd::fuzz {
namespace {

constexpr std::uint64_t one = 1;
constexpr std::uint64_t seal = core::packed_limit;
constexpr std::uint64_t most = core::ceiling - 1; // the largest count that a write leaves

// Where the rules change, and their neighbours; 64 is the largest blind add.
constexpr std::array<std::uint64_t, 44> edges{1,
                                              0,
                                              2,
                                              3,
                                              7,
                                              63,
                                              64,
                                              65,
                                              66,
                                              128,
                                              seal / 2,
                                              seal - 65,
                                              seal - 64,
                                              seal - 2,
                                              seal - 1,
                                              seal,
                                              seal + 1,
                                              2 * seal,
                                              (one << 30) - 1,
                                              (one << 31) - 1,
                                              one << 31,
                                              (one << 32) - 2,
                                              (one << 32) - 1,
                                              one << 32,
                                              (one << 32) + 1,
                                              one << 33,
                                              one << 34,
                                              (one << 61),
                                              (one << 62) - 1,
                                              one << 62,
                                              (one << 63) - 2,
                                              (one << 63) - 1,
                                              one << 63,
                                              (one << 63) + 1,
                                              most - seal,
                                              most - 65,
                                              most - 64,
                                              most - 2,
                                              most - 1,
                                              most,
                                              core::ceiling,
                                              most,
                                              most - 1,
                                              core::ceiling};

// One row for each value of the five low bits of an operation byte.
constexpr std::array<act, 32> acts{act::read,
                                   act::write,
                                   act::signal,
                                   act::write,
                                   act::try_read,
                                   act::try_write,
                                   act::read,
                                   act::write,
                                   act::create,
                                   act::write,
                                   act::nonblock_on,
                                   act::nonblock_off,
                                   act::duplicate,
                                   act::close,
                                   act::read_expired,
                                   act::try_write,
                                   act::watch,
                                   act::unwatch,
                                   act::unwatch_and_read,
                                   act::look,
                                   act::read,
                                   act::signal_deferred,
                                   act::write,
                                   act::read_some,
                                   act::try_write,
                                   act::write,
                                   act::read,
                                   act::signal,
                                   act::nonblock_on,
                                   act::write,
                                   act::read_some,
                                   act::write};

std::string edge_in_words(amount::from edge) {
    switch (edge) {
    case amount::from::zero: return "";
    case amount::from::bound: return "(2^64-2 - count)";
    case amount::from::seal: return "(2^27 - count)";
    case amount::from::word: return "(2^32 - count)";
    case amount::from::half: return "(2^63 - count)";
    }
    return "?";
}

std::string_view name_of(act what) {
    constexpr std::array<std::string_view, 18> names{
        "read",          "write",        "read_some",       "try_read", "try_write",        "read_expired",
        "write_expired", "signal",       "signal_deferred", "create",   "duplicate",        "close",
        "nonblock_on",   "nonblock_off", "watch",           "unwatch",  "unwatch_and_read", "look"};
    return names.at(static_cast<std::size_t>(what));
}

} // namespace

std::uint64_t amount::at(std::uint64_t count) const noexcept {
    switch (edge) {
    case from::zero: return offset;
    case from::bound: return most - count + offset;
    case from::seal: return seal - count + offset;
    case from::word: return (one << 32) - count + offset;
    case from::half: return (one << 63) - count + offset;
    }
    return offset;
}

std::uint8_t decoder::byte() noexcept {
    if (left_.empty()) return 0;
    const std::uint8_t first = left_.front();
    left_ = left_.subspan(1);
    return first;
}

std::uint64_t decoder::number(unsigned length) noexcept {
    std::uint64_t value = 0;
    for (unsigned i = 0; i < length; ++i) value |= std::uint64_t{byte()} << (8 * i);
    return value;
}

// Half of the byte's values are edges, a quarter is relative to the count, the rest small or given byte by byte.
amount decoder::what_to_add() noexcept {
    const unsigned how = byte();
    if (how < 128) return {amount::from::zero, edges.at(how % edges.size())};
    if (how < 208) {
        const auto edge = static_cast<amount::from>(1 + (how - 128) / 20);
        return {edge, std::uint64_t{how % 5} - 2};
    }
    if (how < 240) return {amount::from::zero, how - 208};
    return {amount::from::zero, number(1 + how % 8)};
}

// Three in four have valid bits only; the others have what the bytes say, but for the bit that efd alone knows.
unsigned decoder::creation_flags() noexcept {
    constexpr unsigned known_to_all = ~core::flag_shared;
    const unsigned how = byte();
    unsigned valid = 0;
    if ((how & 1) != 0) valid |= EFD_SEMAPHORE;
    if ((how & 2) != 0) valid |= EFD_NONBLOCK;
    if ((how & 4) != 0) valid |= EFD_CLOEXEC;
    if (how < 192) return valid;
    if (how < 224) return (valid | 1U << (how % 32)) & known_to_all;
    return static_cast<unsigned>(number(4)) & known_to_all;
}

void decoder::operands(step& of) noexcept {
    switch (of.what) {
    case act::write:
    case act::read_some:
    case act::try_write:
    case act::write_expired: of.by = what_to_add(); break;
    case act::create:
        of.flags = creation_flags();
        of.by = what_to_add();
        of.wide = of.by.at(0) > UINT32_MAX;
        break;
    case act::watch: {
        const unsigned which = byte() % 3;
        of.flags = which == 0 ? POLLIN | POLLOUT : which == 1 ? POLLIN : POLLOUT;
        break;
    }
    default: break;
    }
}

bool decoder::next(step& into) noexcept {
    if (left_.empty()) return false;
    const unsigned operation = byte();
    into = step{};
    into.what = acts.at(operation % acts.size());
    into.handle = operation / static_cast<unsigned>(acts.size());
    // A deadline in the past costs the library a timer of the kernel, many times what other steps cost: it is rare.
    if (into.what == act::read_expired && into.handle % 4 != 0)
        into.what = into.handle % 4 == 1 ? act::write_expired : act::try_read;
    operands(into);
    return true;
}

std::string number_in_words(std::uint64_t number) {
    if (number >= core::ceiling - 4096) {
        const std::uint64_t below = core::ceiling - number + 1;
        return "2^64-" + std::to_string(below);
    }
    for (const int power : {63, 62, 61, 34, 33, 32, 31, 30, 29}) {
        const std::uint64_t edge = one << power;
        const std::string name = "2^" + std::to_string(power);
        if (number == edge) return name;
        if (number > edge && number - edge <= 4096) return name + "+" + std::to_string(number - edge);
        if (number < edge && edge - number <= 4096) return name + "-" + std::to_string(edge - number);
    }
    return std::to_string(number);
}

std::string in_words(const amount& of) {
    if (of.edge == amount::from::zero) return number_in_words(of.offset);
    const auto offset = static_cast<std::int64_t>(of.offset);
    const std::string edge = edge_in_words(of.edge);
    if (offset == 0) return edge;
    return edge + (offset < 0 ? " - " : " + ") + std::to_string(offset < 0 ? -offset : offset);
}

std::string flags_in_words(unsigned flags) {
    std::string text;
    const auto say = [&](unsigned bit, std::string_view name) {
        if ((flags & bit) == 0) return;
        text += (text.empty() ? "" : "|") + std::string(name);
        flags &= ~bit;
    };
    say(EFD_SEMAPHORE, "SEMAPHORE");
    say(EFD_NONBLOCK, "NONBLOCK");
    say(EFD_CLOEXEC, "CLOEXEC");
    if (flags != 0) text += (text.empty() ? "bits " : "| bits ") + std::to_string(flags);
    return text.empty() ? "0" : text;
}

std::string in_words(const step& of, unsigned handle) {
    const std::string name(name_of(of.what));
    const std::string on = name + "(h" + std::to_string(handle);
    switch (of.what) {
    case act::write:
    case act::read_some:
    case act::try_write:
    case act::write_expired: return on + ", " + in_words(of.by) + ")";
    case act::create: return on + ", initval " + in_words(of.by) + ", flags " + flags_in_words(of.flags) + ")";
    case act::watch:
        return on + ", " + ((of.flags & POLLIN) != 0 ? "IN" : "") + ((of.flags & POLLOUT) != 0 ? "OUT" : "") + ")";
    case act::look: return "look at every handle";
    default: return on + ")";
    }
}

std::string hex_of(byte_view program) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const std::uint8_t one_byte : program) {
        text += digits[one_byte >> 4];
        text += digits[one_byte & 15];
    }
    return text;
}

} // namespace efd::fuzz
