// SPDX-License-Identifier: MIT
// share/memory.cpp: see memory.hpp.
#include "share/memory.hpp"

#include <efd/detail/base/atomic.hpp>

#include "os/named_file.hpp"

#include <cstring>
#include <new>
#include <utility>

namespace efd::share {
namespace {

constexpr std::uint32_t root = 0;
constexpr std::uint32_t others_write = 0022;

// The owner reads and writes; nobody executes.
constexpr bool is_allowed_mode(std::uint32_t mode) noexcept { return (mode & ~0666U) == 0 && (mode & 0600U) == 0600U; }
static_assert(is_allowed_mode(0600) && is_allowed_mode(0666) && !is_allowed_mode(0700) && !is_allowed_mode(0066));

bool is_allowed_offset(std::uint64_t offset) noexcept {
    constexpr std::uint64_t last = std::uint64_t{1} << 61; // beyond any file; what is computed of it does not overflow
    return offset < last && offset % os::page_bytes() == 0;
}

// ---- What an attach checks, each step alone.

constexpr outcome check_seals(const os::seal_facts& seals, bool is_placed, const trust& allowed) noexcept {
    if (!seals.can_have) return refusal::not_memory;
    const bool is_enough = seals.shrink && (is_placed || (seals.grow && seals.further));
    if (!is_enough && !allowed.unsealed) return refusal::not_sealed;
    return seals.write ? refusal::read_only : refusal::none;
}
constexpr outcome check_kind(const os::memory_facts& facts) noexcept {
    if (!facts.is_tmpfs) return refusal::not_memory;
    return facts.reads_and_writes ? refusal::none : refusal::read_only;
}
constexpr outcome check_owner(const os::memory_facts& facts, bool is_placed, std::uint32_t user,
                              const trust& allowed) noexcept {
    if (facts.owner != user && facts.owner != root && !allowed.other_owner) return refusal::other_owner;
    const bool is_too_open = (facts.mode & others_write & ~allowed.mode) != 0;
    return is_too_open && !is_placed ? refusal::too_open : refusal::none;
}

constexpr os::seal_facts sealed_whole{.can_have = true, .shrink = true, .grow = true, .further = true};
constexpr os::seal_facts sealed_against_shrinking{.can_have = true, .shrink = true};
static_assert(check_seals(sealed_whole, false, {}) == refusal::none);
static_assert(check_seals(sealed_against_shrinking, true, {}) == refusal::none);
static_assert(check_seals(sealed_against_shrinking, false, {}) == refusal::not_sealed);
static_assert(check_seals({.can_have = true, .further = true}, true, {}) == refusal::not_sealed); // a plain tmpfs file
static_assert(check_owner({.owner = 1000, .mode = 0600}, false, 0, {}) == refusal::other_owner);
static_assert(check_owner({.owner = 0, .mode = 0660}, false, 1000, {}) == refusal::too_open);
static_assert(check_owner({.owner = 0, .mode = 0660}, false, 1000, {.mode = 0660}) == refusal::none);

outcome no_space_for(int negative_errno) noexcept {
    const outcome what = outcome_of(negative_errno);
    return what == refusal::no_memory ? refusal::no_space : what; // a cgroup says ENOMEM
}

} // namespace

// A duplicate of our own, looked at in the order that memory.hpp says.
outcome arena_memory::adopt(int descriptor, const trust& allowed) noexcept {
    os::seal_facts seals;
    os::memory_facts facts;
    descriptor_ = os::owned_fd(os::duplicate(descriptor));
    if (const int fd = descriptor_.number(); fd < 0) return outcome_of(fd);
    if (const int failed = os::seals_of(descriptor_.number(), seals); failed < 0) return outcome_of(failed);
    if (const outcome what = check_seals(seals, is_placed_, allowed); what.is_refused()) return what;
    if (const int failed = os::memory_facts_of(descriptor_.number(), facts); failed < 0) return outcome_of(failed);
    if (const outcome what = check_kind(facts); what.is_refused()) return what;
    const outcome owned = check_owner(facts, is_placed_, os::effective_user(), allowed);
    if (owned.is_refused()) return owned;
    if (facts.bytes <= offset_ || facts.bytes - offset_ < header_bytes) return refusal::wrong_size;
    available_ = facts.bytes - offset_;
    return refusal::none;
}

// The magic is looked at before the copy is made: a peer that places an arena writes it last.
outcome arena_memory::read_header() noexcept {
    const int fd = descriptor_.number();
    std::uint64_t magic = 0;
    const int first = os::read_at(fd, &magic, sizeof magic, offset_);
    if (first < 0) return outcome_of(first);
    if (magic != header_magic) return refusal::not_an_arena;
    const int all = os::read_at(fd, &header_, sizeof header_, offset_);
    if (all < 0) return outcome_of(all);
    if (all != sizeof header_) return refusal::wrong_size;
    const outcome parsed = parse_header(header_, available_, layout_);
    if (parsed.is_refused()) return parsed;
    return is_placed_ || layout_.bytes == available_ ? refusal::none : refusal::wrong_size;
}

outcome arena_memory::attach_part(int descriptor, const trust& allowed, arena_memory& made) noexcept {
    outcome what = adopt(descriptor, allowed);
    if (!what.is_refused()) what = read_header();
    if (!what.is_refused()) what = range_mapping::map(descriptor_.number(), offset_, layout_, mapping_);
    if (!what.is_refused()) made = std::move(*this);
    return what;
}

outcome arena_memory::attach(int descriptor, const trust& allowed, arena_memory& made) noexcept {
    arena_memory fresh;
    return fresh.attach_part(descriptor, allowed, made);
}

outcome arena_memory::attach_at(int descriptor, std::uint64_t offset, const trust& allowed,
                                arena_memory& made) noexcept {
    arena_memory fresh(offset);
    return is_allowed_offset(offset) ? fresh.attach_part(descriptor, allowed, made) : refusal::invalid_options;
}

outcome arena_memory::create(const creation& asked, arena_memory& made) noexcept {
    if (!are_allowed(asked.size) || !is_allowed_mode(asked.mode)) return refusal::invalid_options;
    arena_memory fresh;
    fresh.layout_ = layout_of(asked.size);
    fresh.descriptor_ = os::owned_fd(os::create_memory_file());
    const int fd = fresh.descriptor_.number();
    if (fd < 0) return outcome_of(fd);
    if (const int failed = os::set_file_mode(fd, asked.mode); failed < 0) return outcome_of(failed);
    if (const int failed = os::set_file_bytes(fd, fresh.layout_.bytes); failed < 0) return outcome_of(failed);
    if (const outcome what = fresh.begin(asked); what.is_refused()) return what;
    if (const int failed = os::seal_size(fd); failed < 0) return outcome_of(failed);
    made = std::move(fresh);
    return refusal::none;
}

outcome arena_memory::place(int descriptor, std::uint64_t offset, const creation& asked, const trust& allowed,
                            arena_memory& made) noexcept {
    if (!are_allowed(asked.size) || !is_allowed_offset(offset)) return refusal::invalid_options;
    arena_memory fresh(offset);
    if (const outcome what = fresh.adopt(descriptor, allowed); what.is_refused())
        return what == refusal::wrong_size ? refusal::too_small : what;
    fresh.layout_ = layout_of(asked.size);
    if (fresh.layout_.bytes > fresh.available_) return refusal::too_small;
    const int cleared = os::clear_file_range(fresh.descriptor_.number(), offset, fresh.layout_.bytes);
    if (cleared < 0) return outcome_of(cleared);
    if (const outcome what = fresh.begin(asked); what.is_refused()) return what;
    made = std::move(fresh);
    return refusal::none;
}

// The part of the file reads as zero. Gives it memory, maps it, and makes an arena of it.
outcome arena_memory::begin(const creation& asked) noexcept {
    const int fd = descriptor_.number();
    const std::uint64_t now = asked.is_sparse ? header_bytes : layout_.bytes;
    if (const int failed = os::allocate_file_range(fd, offset_, now); failed < 0) return no_space_for(failed);
    header_ = header{.magic = header_magic,
                     .version = layout_version,
                     .byte_order = byte_order_mark,
                     .bytes = layout_.bytes,
                     .slots = layout_.slots,
                     .processes = layout_.processes,
                     .names = layout_.names,
                     .first_look_ms = layout_.first_look_ms,
                     .last_look_ms = layout_.last_look_ms,
                     .sets = layout_.sets,
                     .identity = {}};
    if (const int failed = os::random_bytes(header_.identity); failed < 0) return outcome_of(failed);
    const outcome mapped = range_mapping::map(fd, offset_, layout_, mapping_);
    if (!mapped.is_refused()) write_header();
    return mapped;
}

// The magic comes last and pairs with the look of an attach: a peer that reads it reads the rest of the header as it is
// written here.
void arena_memory::write_header() noexcept {
    std::byte* const page = mapping_.header();
    constexpr std::size_t after_magic = sizeof header_.magic;
    std::memcpy(page + after_magic, reinterpret_cast<const std::byte*>(&header_) + after_magic,
                sizeof header_ - after_magic);
    (new (page) base::atomic<std::uint64_t>)->store(header_magic, base::release);
}

} // namespace efd::share
