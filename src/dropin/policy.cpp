// dropin/policy.cpp: see policy.hpp.
#include "dropin/policy.hpp"

#include "dropin/parked_count.hpp"
#include "dropin/plain_text.hpp"
#include "dropin/symbols.hpp"

#include <bit>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <errno.h>
#include <fnmatch.h>

namespace efd::dropin {

constinit policy rules;
constinit base::atomic<std::uintptr_t> readable_pages[page_places];

namespace {

const char* setting(const char* name) noexcept {
    const char* const value = std::getenv(name);
    return value == nullptr || value[0] == '\0' ? nullptr : value;
}

// What the process was started with, kept: programs write over it to show what they are at.
constinit char program[64] = {};
constinit char patterns_kept[2][most_patterns] = {};

// False: it does not fit.
template <std::size_t Room>
bool keep(char (&into)[Room], const char* text) noexcept {
    const std::size_t length = std::strlen(text);
    if (length >= Room) return false;
    std::memcpy(into, text, length + 1);
    return true;
}

// Is one of the patterns, separated by commas, that of the name.
bool listed(const char* patterns, const char* name) noexcept {
    char one[most_patterns];
    while (*patterns != '\0') {
        const std::size_t length = std::strcspn(patterns, ",");
        std::memcpy(one, patterns, length);
        one[length] = '\0';
        if (::fnmatch(one, name, 0) == 0) return true;
        patterns += length;
        if (*patterns == ',') ++patterns;
    }
    return false;
}

// A list of patterns into `into`, if it is set; false: too long.
bool read_patterns(const char* name, char (&kept)[most_patterns], const char*& into) noexcept {
    const char* const list = setting(name);
    if (list == nullptr) return true;
    into = kept;
    return keep(kept, list);
}

// Nobody in this process may want more than what can be parked. The last question is a long one where there are many
// descriptors, so it is asked at the 1st, 2nd, 4th, 8th promotion, and so on.
bool may_promote() noexcept {
    if (rules.has_unseen_ring.load(base::relaxed) || rules.has_nested_edges.load(base::relaxed)) return false;
    if (rules.sees_all == nullptr) return true;
    static constinit base::atomic<std::uint64_t> promotions{0};
    return !std::has_single_bit(promotions.fetch_add(1, base::relaxed) + 1) || rules.sees_all();
}

bool is_welcome(const slot& made) noexcept {
    if (rules.denied != nullptr && (listed(rules.denied, program) || listed(rules.denied, made.site))) return false;
    return rules.allowed == nullptr || listed(rules.allowed, program) || listed(rules.allowed, made.site);
}

} // namespace

bool read_policy() noexcept {
    const char* const on = setting("EFD_DROPIN");
    if (on != nullptr && !is_on(on)) return false;
    if (const char* const name = setting("EFD_DROPIN_PROFILE"); name != nullptr) (void)read_profile(name, rules.level);
    if (!read_patterns("EFD_DROPIN_ALLOW", patterns_kept[0], rules.allowed) ||
        !read_patterns("EFD_DROPIN_DENY", patterns_kept[1], rules.denied))
        return false;
    if (!keep(program, ::program_invocation_short_name)) std::memcpy(program, "?", 2);
    rules.names_sites = rules.allowed != nullptr || rules.denied != nullptr || setting("EFD_DROPIN_REGION") != nullptr;
    return true;
}

void write_site(slot& made, const void* address) noexcept {
    code_place found{};
    made.site[0] = '\0';
    if (!rules.names_sites || !find_place(address, found)) return;
    const char* const object = found.object[0] == '\0' ? program : base_name(found.object);
    if (found.symbol != nullptr)
        (void)std::snprintf(made.site, sizeof made.site, "%.40s!%.48s+0x%zx", object, found.symbol, found.offset);
    else
        (void)std::snprintf(made.site, sizeof made.site, "%.64s+0x%zx", object, found.offset);
}

void begin_policy(slot& made, unsigned initval) noexcept {
    if (!is_welcome(made)) return demote(made, made.descriptor, reason::denied);
    if (rules.level == profile::eager && !rules.has_ring.load(base::relaxed) && may_promote()) promote(made);
    if (initval > 0) note_filled(made, made.state.load(base::relaxed));
}

void weigh_evidence(slot& there) noexcept {
    if (there.counted.redundant.fetch_add(1, base::relaxed) + 1 < redundant_enough) return;
    if (there.counted.asked_reads.load(base::relaxed) < reads_enough) return;
    // A multishot poll completes for each write, and one read of a semaphore leaves units of which it has told already.
    const bool needs_each_write = rules.level == profile::strict || there.semaphore.load(base::relaxed) != 0;
    if (needs_each_write && rules.has_ring.load(base::relaxed)) return;
    if (may_promote()) promote(there);
}

} // namespace efd::dropin
