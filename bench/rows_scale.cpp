// SPDX-License-Identifier: MIT
// bench/rows_scale.cpp: the same work by 2, 4, 8 and more threads, up to one for each processor: what each further
// processor costs the others.
//
// scale_signal_N: N threads write to one object. scale_set_N: N threads write, each to its own member of one set, and
// one more waits for the set. scale_pairs_N: N threads in pairs send a signal to and fro.
#include "bench/many.hpp"

#include <fmt/format.h>

#include <memory>

namespace efd::bench {
namespace {

constexpr std::size_t enough_to_scale = 3;

// How many threads the rows have; on a small machine one number, for rows that say why they are not measured.
std::vector<std::size_t> scaled(const settings& how) {
    const std::size_t most = how.threads > 0 ? static_cast<std::size_t>(how.threads) : how.cpus.size();
    std::vector<std::size_t> all;
    for (std::size_t n = 2; n < most; n *= 2) all.push_back(n);
    all.push_back(std::max<std::size_t>(most, 2));
    return all;
}

row scale_row(const settings& how, const char* kind, std::size_t threads, std::string title) {
    row r{fmt::format("scale_{}_{}", kind, threads), std::move(title), "ns"};
    r.place = {fmt::format("scale_{}", kind), "threads", static_cast<double>(threads)};
    r.rounds_brief = 5;
    r.rounds_full = 11;
    if (how.threads == 0 && how.cpus.size() < enough_to_scale)
        r.impossible = fmt::format("shows how more than two processors get on, this process may use {}; with --cpus N "
                                   "the threads take turns on them",
                                   how.cpus.size());
    return r;
}

effort effort_of(const settings& how, std::int64_t chunk, std::int64_t most_calls) {
    return {how.brief ? 4'000'000 : 20'000'000, std::min(chunk, most_calls), most_calls};
}

template <class Subject>
subject signalling(const settings& how, std::size_t threads) {
    return {Subject::name, [=] {
                Subject it;
                keep(&it);
                const std::int64_t most = it.most_pending() / static_cast<std::int64_t>(threads);
                return ns_together(how, threads, effort_of(how, 1000, most), [&](std::size_t) { it.signal(); });
            }};
}

// Each thread writes to a member of its own. One member more says that it is over.
template <class Many>
subject into_a_set(const settings& how, std::size_t threads) {
    return {Many::name, [=] {
                Many many(threads + 1);
                return ns_while_taken(how, many, threads, threads, effort_of(how, 100, unbounded),
                                      [&](std::size_t n) { many.write_to(n); });
            }};
}

// One thread of a pair measures, the other answers until it is over.
template <class Subject>
struct pair_of {
    Subject subject;
    Subject back;
    std::thread partner;
};

template <class Subject>
subject in_pairs(const settings& how, std::size_t threads) {
    return {Subject::name, [=] {
                const std::size_t pairs = threads / 2;
                base::atomic<bool> over{false};
                const auto all = std::make_unique<pair_of<Subject>[]>(pairs);
                for (std::size_t n = 0; n < pairs; ++n)
                    all[n].partner = std::thread([&, n] {
                        const pinned on_cpu(how.cpus[(pairs + n) % how.cpus.size()]);
                        do {
                            all[n].subject.take();
                            all[n].back.signal();
                        } while (!over.load(base::acquire));
                    });
                const double ns = ns_together(how, pairs, effort_of(how, 20, unbounded), [&](std::size_t n) {
                    all[n].subject.signal();
                    all[n].back.take();
                });
                over.store(true, base::release);
                for (std::size_t n = 0; n < pairs; ++n) {
                    all[n].subject.signal(); // the partner reads `over` after its answer to this signal at the latest
                    all[n].partner.join();
                }
                return ns * static_cast<double>(pairs);
            }};
}

template <class... Subjects>
std::vector<subject> each_signalling(const settings& how, std::size_t threads) {
    return {signalling<Subjects>(how, threads)...};
}
template <class... Subjects>
std::vector<subject> each_in_pairs(const settings& how, std::size_t threads) {
    return {in_pairs<Subjects>(how, threads)...};
}

} // namespace

void add_scale_rows(std::vector<row>& rows, const settings& how) {
    for (const std::size_t n : scaled(how)) {
        row& one = rows.emplace_back(scale_row(how, "signal", n, fmt::format("{} threads write to one object", n)));
        one.subjects = each_signalling<kernel_eventfd, efd_inline, locked_add, posix_semaphore>(how, n);
        one.note = "wall time for one write of all; the floor is a bare locked add by as many threads";
    }
    for (const std::size_t n : scaled(how)) {
        row& one =
            rows.emplace_back(scale_row(how, "set", n, fmt::format("{} threads write to members of one set", n)));
        one.subjects = {into_a_set<kernel_many>(how, n), into_a_set<efd_many>(how, n)};
        one.note =
            "each writes to a member of its own while one more thread waits for the set and takes; wall time for "
            "one write of all; beside it epoll_wait over as many eventfds";
    }
    for (const std::size_t n : scaled(how)) {
        row& one = rows.emplace_back(scale_row(how, "pairs", n, fmt::format("round trip, {} threads in pairs", n)));
        one.subjects = each_in_pairs<kernel_eventfd, efd_inline, bare_futex, posix_semaphore>(how, n);
        one.note =
            "each pair has two objects of its own and sends a signal to and fro; the mean of a round trip of one "
            "pair; the floor is a bare futex";
    }
}

} // namespace efd::bench
