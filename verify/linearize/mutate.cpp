// SPDX-License-Identifier: MIT
// verify/linearize/mutate.cpp: see mutate.hpp.
//
// A change needs a victim: a call that took or gave at least one unit. It is drawn from all of them.
#include "linearize/mutate.hpp"

#include <efd/detail/core/count.hpp>

namespace efd::linearize {
namespace {

constexpr std::array mistakes{std::string_view("a read said one more"), std::string_view("a write said one more"),
                              std::string_view("a read dropped"),       std::string_view("a write dropped"),
                              std::string_view("a read denied"),        std::string_view("a read said twice")};

struct place {
    std::size_t thread;
    std::size_t index;
};

bool wants_read(mutation m) { return m != mutation::write_one_more && m != mutation::write_dropped; }

std::vector<place> victims(const history& h, bool reads) {
    std::vector<place> found;
    for (std::size_t t = 0; t < h.threads.size(); ++t)
        for (std::size_t i = 0; i < h.threads[t].size(); ++i) {
            const call& c = h.threads[t][i];
            const bool read = c.what == act::read && c.end == std::errc{};
            const bool write = c.what == act::write && c.end == std::errc{} && c.argument > 0;
            if (reads ? read : write) found.push_back({t, i});
        }
    return found;
}

} // namespace

std::string_view name_of(mutation m) noexcept { return mistakes[static_cast<std::size_t>(m)]; }

bool can_saturate(const history& h) noexcept {
    constexpr std::uint64_t most = core::ceiling - 2; // below the ceiling even with the unit that a change adds
    if (h.initial > most) return true;
    std::uint64_t room = most - h.initial;
    for (const auto& thread : h.threads)
        for (const call& c : thread) {
            if (c.end != std::errc{} || (c.what != act::write && c.what != act::signal)) continue;
            const std::uint64_t given = c.what == act::signal ? 1 : c.argument;
            if (given > room) return true;
            room -= given;
        }
    return false;
}

bool apply(mutation m, history& h, dice& d) {
    const std::vector<place> found = victims(h, wants_read(m));
    if (found.empty()) return false;
    const place at = found[d.below(found.size())];
    auto& thread = h.threads[at.thread];
    const auto victim = thread.begin() + static_cast<std::ptrdiff_t>(at.index);
    switch (m) {
    case mutation::read_one_more: ++victim->value; break;
    case mutation::write_one_more: ++victim->argument; break;
    case mutation::read_dropped:
    case mutation::write_dropped: thread.erase(victim); break;
    case mutation::read_denied:
        victim->end = again;
        victim->how = manner::at_once;
        break;
    case mutation::read_twice: {
        const call copy = *victim;
        thread.insert(victim, copy);
        break;
    }
    }
    return true;
}

} // namespace efd::linearize
