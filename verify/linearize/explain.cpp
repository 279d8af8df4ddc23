// SPDX-License-Identifier: MIT
// verify/linearize/explain.cpp: a history without an order, printed for a reader.
//
// Prints the stretch between the last state that every order passes and the call that no order gets past, in the order
// in which the calls began, times in nanoseconds from the first of them. Pure: history and finding in, text out.
#include "linearize/checker.hpp"
#include "linearize/spec.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace efd::linearize {
namespace {

std::string end_name(const call& c) {
    if (c.end == std::errc{}) return "ok";
    if (c.end == again) return "EAGAIN";
    if (c.end == std::errc::timed_out) return "ETIMEDOUT";
    if (c.end == std::errc::operation_canceled) return "ECANCELED";
    if (c.end == std::errc::invalid_argument) return "EINVAL";
    if (c.end == std::errc::interrupted) return "EINTR";
    return fmt::format("errno {}", static_cast<int>(c.end));
}

std::string describe(const call& c) {
    constexpr std::array manners{"try_", "", "timed ", "cancellable ", "queue "};
    const char* const how = manners[static_cast<std::size_t>(c.how)];
    switch (c.what) {
    case act::read:
        if (c.argument != 0)
            return fmt::format("{}read_some({}) -> {}", how, c.argument,
                               c.end == std::errc{} ? fmt::to_string(c.value) : end_name(c));
        return c.end == std::errc{} ? fmt::format("{}read -> {}", how, c.value)
                                    : fmt::format("{}read -> {}", how, end_name(c));
    case act::write: return fmt::format("{}write({}) -> {}", how, c.argument, end_name(c));
    case act::signal: return "signal";
    case act::count: return fmt::format("count -> {}", c.value);
    case act::poll: return fmt::format("{}poll -> {:#x}", c.how == manner::queue ? how : "", c.value);
    }
    return "";
}

struct placed {
    std::size_t thread;
    std::size_t index;
    const call* what;
};

} // namespace

std::string explain(const history& h, const finding& f) {
    const call& blamed = h.threads[f.thread][f.index];
    std::vector<placed> stretch;
    for (std::size_t t = 0; t < h.threads.size(); ++t)
        for (std::size_t i = f.sure.cursor(t); i < h.threads[t].size() && h.threads[t][i].from <= blamed.until; ++i)
            stretch.push_back({t, i, &h.threads[t][i]});
    if (stretch.empty()) stretch.push_back({f.thread, f.index, &blamed});
    std::sort(stretch.begin(), stretch.end(),
              [](const placed& a, const placed& b) { return a.what->from < b.what->from; });
    const std::int64_t zero = stretch.front().what->from;
    std::string text = fmt::format("regime {}, seed {}, {}{}, began at {}: no order exists\n", h.regime, h.seed,
                                   h.semaphore ? "semaphore" : "plain", h.nonblock ? ", nonblock" : "", h.initial);
    text += fmt::format("  every order leads to count {} before these {} calls:\n", f.sure.count, stretch.size());
    for (const placed& p : stretch)
        text += fmt::format("  {} thread {} call {:4}  {:9} .. {:9}  {}\n",
                            p.thread == f.thread && p.index == f.index ? "->" : "  ", p.thread, p.index,
                            p.what->from - zero, p.what->until - zero, describe(*p.what));
    text += answerable(blamed, h.nonblock)
                ? "  what -> was told fits no count that was possible by then:"
                : "  what -> was told is no answer to such a call at that time; the counts possible by then:";
    for (std::size_t i = 0; i < f.counts.size() && i < 16; ++i) text += fmt::format(" {}", f.counts[i]);
    return text + (f.counts.size() > 16 ? " ...\n" : "\n");
}

} // namespace efd::linearize
