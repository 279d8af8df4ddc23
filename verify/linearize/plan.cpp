// SPDX-License-Identifier: MIT
// verify/linearize/plan.cpp: see plan.hpp. The values of a write that may have to wait for ever are such that others
// can make room for it, a unit at a time in semaphore mode; values that would need more are for calls that give up.
#include "linearize/plan.hpp"

#include <efd/detail/core/count.hpp>
#include <efd/detail/core/word.hpp>

namespace efd::linearize {
namespace {

using core::ceiling;
using core::packed_limit;

constexpr std::array regime_names{std::string_view("zero"), std::string_view("limit"), std::string_view("bound"),
                                  std::string_view("saturated")};

std::uint64_t draw_initial(regime where, dice& d) {
    switch (where) {
    case regime::zero: return d.below(3);
    case regime::limit: return d.one_in(4) ? d.below(3) : packed_limit - 1 - d.below(200);
    case regime::bound: return ceiling - 1 - d.below(4);
    case regime::saturated: return ceiling - 1 - d.below(2);
    }
    return 0;
}

std::uint64_t draw_value(const plan& p, dice& d, bool may_wait_for_ever) {
    constexpr std::array<std::uint64_t, 8> small{0, 1, 1, 1, 2, 3, 64, 65};
    constexpr std::array<std::uint64_t, 9> limit{0, 1, 2, 63, 64, 65, 200, packed_limit / 2, packed_limit};
    constexpr std::array<std::uint64_t, 8> bound{0, 1, 2, 3, ceiling - 1, ceiling - 2, ceiling - 3, ceiling};
    switch (p.where) {
    case regime::zero: return d.one_in(64) ? ceiling : d.of(small);
    case regime::limit: return d.one_in(32) && !p.semaphore ? ceiling - 1 : d.of(limit);
    case regime::bound:
    case regime::saturated: return may_wait_for_ever && p.semaphore ? d.below(4) : d.of(bound);
    }
    return 1;
}

manner draw_manner(dice& d) {
    constexpr std::array<manner, 8> manners{manner::at_once,  manner::at_once, manner::at_once, manner::blocking,
                                            manner::blocking, manner::timed,   manner::timed,   manner::cancellable};
    return d.of(manners);
}

act draw_act(const plan& p, dice& d) {
    constexpr std::array<act, 8> plain{act::read,  act::read,   act::read,  act::write,
                                       act::write, act::signal, act::count, act::poll};
    constexpr std::array<act, 8> saturating{act::read,   act::write,  act::write, act::signal,
                                            act::signal, act::signal, act::count, act::poll};
    return p.where == regime::saturated ? d.of(saturating) : d.of(plain);
}

} // namespace

std::string_view name_of(regime r) noexcept { return regime_names[static_cast<std::size_t>(r)]; }

std::optional<regime> regime_named(std::string_view name) noexcept {
    for (const regime r : regimes)
        if (name_of(r) == name) return r;
    return std::nullopt;
}

plan draw_plan(regime where, std::uint64_t seed) {
    dice d(seed);
    plan p{.where = where, .seed = seed, .initial = draw_initial(where, d)};
    p.threads = 2 + d.below(3);
    p.semaphore = d.one_in(2);
    p.nonblock = d.one_in(4);
    p.calls = 8 + d.below(56);
    // The limit is crossed once in a life; elsewhere some histories are long.
    if (where != regime::limit && d.one_in(16)) p.calls = 500 + d.below(2500);
    return p;
}

order draw_order(const plan& p, dice& d) {
    order o{.what = draw_act(p, d), .how = manner::at_once};
    if (d.one_in(12)) {
        o.how = manner::queue;
        return o;
    }
    if (o.what != act::read && o.what != act::write) return o;
    o.how = draw_manner(d);
    if (o.what == act::write) o.argument = draw_value(p, d, o.how == manner::blocking && !p.nonblock);
    if (o.what == act::read && d.one_in(3)) o.argument = d.one_in(4) ? ceiling : 1 + d.below(3);
    constexpr std::array<std::int64_t, 5> timeouts{0, 500, 5'000, 50'000, 200'000};
    o.timeout_ns = d.of(timeouts);
    o.stopped_before = d.one_in(8);
    return o;
}

} // namespace efd::linearize
