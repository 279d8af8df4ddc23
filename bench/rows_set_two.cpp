// SPDX-License-Identifier: MIT
// bench/rows_set_two.cpp: two threads at a set of 1024 members, each on a processor of its own, beside two at an epoll.
//
// set_two_apart: one writes, the other waits and takes. set_two_signallers: both write, and nobody takes meanwhile.
// set_two_takers: both write and take, whichever member is ready.
#include "bench/many.hpp"

#include <array>
#include <string>

namespace efd::bench {
namespace {

constexpr std::size_t shared_members = 1024;
constexpr std::size_t members_of_one = shared_members / 2;

std::int64_t budget_of_two(const settings& how) { return how.brief ? 4'000'000 : 20'000'000; }

template <class Many>
subject two_apart(const settings& how) {
    return {Many::name, [how] {
                Many many(shared_members + 1);
                const std::vector<std::uint32_t> picked = random_picks(shared_members);
                std::size_t at = 0;
                return ns_while_taken(how, many, shared_members, 1, {budget_of_two(how), 100, unbounded},
                                      [&](std::size_t) { many.write_to(picked[at++ % picks]); });
            }};
}

// The numbers of one thread's members, in random order. Each of the two threads has a cache line of its own.
struct alignas(64) own_members {
    std::vector<std::size_t> order;
    std::size_t at = 0;
    std::size_t next() { return order[at++ % order.size()]; }
};

std::array<own_members, 2> members_of_two() {
    std::array<own_members, 2> both;
    std::minstd_rand random(42);
    for (std::size_t i = 0; i < shared_members; ++i) both[i % 2].order.push_back(i);
    for (own_members& one : both) std::shuffle(one.order.begin(), one.order.end(), random);
    return both;
}

// Each thread writes once to each of its 512 members. Then all are taken from, and so on; only the writes are timed.
template <class Many>
subject two_signallers(const settings& how) {
    return {Many::name, [how] {
                Many many(shared_members);
                std::array<own_members, 2> members = members_of_two();
                constexpr auto each = static_cast<std::int64_t>(members_of_one);
                const int times = how.brief ? 10 : 50;
                double ns = 0;
                for (int i = 0; i < times; ++i) {
                    ns += ns_together(how, 2, {INT64_MAX, each, each},
                                      [&](std::size_t n) { many.write_to(members[n].next()); });
                    const pinned on_cpu(how.cpus[0]);
                    for (std::size_t left = shared_members; left > 0;) left -= many.template take_all<64>();
                }
                return ns / times;
            }};
}

// Neither sleeps: what one has written the other may have taken.
template <class Many>
subject two_takers(const settings& how) {
    return {Many::name, [how] {
                Many many(shared_members);
                std::array<own_members, 2> members = members_of_two();
                return ns_together(how, 2, {budget_of_two(how), 100, unbounded}, [&](std::size_t n) {
                    many.write_to(members[n].next());
                    many.try_take();
                });
            }};
}

row two_row(const settings& how, const char* name, const char* title, const subject& kernel, const subject& efd,
            std::string note) {
    row r{name, title, "ns"};
    r.note = std::move(note);
    r.loss =
        "Two processors pass the cache lines of the members, and of the words that say which are ready, to and fro";
    if (has_descriptors_for(shared_members)) r.subjects.push_back(kernel);
    r.subjects.push_back(efd);
    if (how.cpus.size() < 2) r.impossible = "needs two processors, this process may use one";
    return r;
}

} // namespace

void add_set_two_rows(std::vector<row>& rows, const settings& how) {
    rows.push_back(
        two_row(how, "set_two_apart", "write one of 1024, another thread takes", two_apart<kernel_many>(how),
                two_apart<efd_many>(how),
                "one thread writes to random members, another waits for the set and takes; the writer's time"));
    rows.push_back(two_row(how, "set_two_signallers", "two threads write to 512 members each",
                           two_signallers<kernel_many>(how), two_signallers<efd_many>(how),
                           "each writes once to each of its members; wall time for one write of both; what is then "
                           "taken is not in it"));
    rows.push_back(two_row(how, "set_two_takers", "two threads write one of 1024 and take",
                           two_takers<kernel_many>(how), two_takers<efd_many>(how),
                           "each writes to a member of its own and takes from any that is ready; wall time for one "
                           "such cycle of both"));
}

} // namespace efd::bench
