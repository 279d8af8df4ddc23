// SPDX-License-Identifier: MIT
// bench/rows_set.cpp: waiting on many objects: write one random member, wait, take; and a look when none is ready.
//
// The kernel's side is an epoll over as many eventfds; it is left out if the process may not have that many
// descriptors. The floor does what no set can avoid: a locked add and an exchange on a random member's own line, so
// that the cost of the cache misses can be compared. Its accesses overlap. Those of a set cannot: a signaller learns
// from the object who watches it. So `chase` makes three misses that depend on each other, and a locked add. `steps`
// makes all locked steps of a set's cycle, one after the other.
#include "bench/many.hpp"

#include <fmt/format.h>

#include <memory>

namespace efd::bench {
namespace {

effort effort_of(const settings& how) { return {how.brief ? 4'000'000 : 20'000'000, 1000, unbounded}; }

template <class Many>
subject one_of_many(const settings& how, std::size_t n) {
    return {Many::name, [how, n] {
                const pinned on_cpu(how.cpus[0]);
                Many many(n);
                return ns_one_of(how, many, n);
            }};
}

double one_of_lines(const settings& how, std::size_t n) {
    const pinned on_cpu(how.cpus[0]);
    const auto lines = std::make_unique<locked_add[]>(n);
    const std::vector<std::uint32_t> picked = random_picks(n);
    std::size_t at = 0;
    return ns_per_call(effort_of(how), [&] {
        locked_add& one = lines[picked[at++ % picks]];
        one.signal();
        const std::uint64_t taken = one.take();
        keep(&taken);
    });
}

struct alignas(64) chase_line {
    base::atomic<std::uint64_t> word{0};
    std::uint32_t next = 0;
};

// From a random line to a line of a second array, from there to one of a third. Which line the next chase begins with
// depends on the end of this one, else the processor would make several at once.
double one_of_chase(const settings& how, std::size_t n) {
    const pinned on_cpu(how.cpus[0]);
    constexpr std::size_t misses = 3;
    std::minstd_rand random(7);
    const auto lines = std::make_unique<chase_line[]>(misses * n);
    for (std::size_t i = 0; i < misses * n; ++i) lines[i].next = static_cast<std::uint32_t>(random() % n);
    const std::vector<std::uint32_t> picked = random_picks(n);
    std::size_t at = 0;
    return ns_per_call(effort_of(how), [&] {
        std::size_t line = picked[at % picks];
        for (std::size_t array = 1; array < misses; ++array) line = array * n + lines[line].next;
        at += 1 + (lines[line].word.fetch_add(1, base::acq_rel) >> 63); // plus 0, as the count is never so high
    });
}

// The locked steps of a set's cycle, on as many cache lines, and nothing else: an add; a mark and later an unmark of a
// word of 32 members, and of each level of words above; a take.
double one_of_steps(const settings& how, std::size_t n) {
    const pinned on_cpu(how.cpus[0]);
    constexpr std::size_t members_of_word = 32;
    const auto lines = std::make_unique<chase_line[]>(n);
    std::vector<std::unique_ptr<base::atomic<std::uint64_t>[]>> levels;
    for (std::size_t words = n; levels.empty() || words > 1;) {
        words = (words + members_of_word - 1) / members_of_word;
        levels.push_back(std::make_unique<base::atomic<std::uint64_t>[]>(words));
    }
    const auto exchange = [](base::atomic<std::uint64_t>& word, std::uint64_t wanted) {
        std::uint64_t expected = word.load(base::acquire);
        must(word.compare_exchange_strong(expected, wanted, base::acq_rel, base::acquire), "a comparison");
    };
    const auto each_level = [&levels, exchange](std::size_t index, std::uint64_t wanted) {
        for (auto& level : levels) exchange(level[index /= members_of_word], wanted);
    };
    const std::vector<std::uint32_t> picked = random_picks(n);
    std::size_t at = 0;
    return ns_per_call(effort_of(how), [&] {
        const std::size_t one = picked[at++ % picks];
        (void)lines[one].word.fetch_add(1, base::acq_rel);
        each_level(one, 1);
        exchange(lines[one].word, 0);
        each_level(one, 0);
    });
}

row one_of(const settings& how, std::size_t n, std::string name) {
    row r{std::move(name), fmt::format("write one of {}, wait, take", n), "ns"};
    r.place = {"set_one_of", "members", static_cast<double>(n)};
    if (has_descriptors_for(n)) r.subjects.push_back(one_of_many<kernel_many>(how, n));
    r.subjects.push_back(one_of_many<efd_many>(how, n));
    r.subjects.push_back({"floor", [how, n] { return one_of_lines(how, n); }});
    r.subjects.push_back({"steps", [how, n] { return one_of_steps(how, n); }});
    r.subjects.push_back({"chase", [how, n] { return one_of_chase(how, n); }});
    r.note = "write one random member, wait, take; floor: a locked add and an exchange on one of as many lines; steps: "
             "all locked steps of a set's cycle, and nothing else; chase: three misses that depend on each other and "
             "a locked add";
    r.loss = "See `steps` and `chase`: the locked steps, and the misses of which each needs the one before, come first";
    r.rounds_brief = n > 10'000 ? 1 : 11;
    r.rounds_full = n > 10'000 ? 5 : 31;
    return r;
}

constexpr std::size_t batch = 64;
constexpr std::size_t batch_members = 1024;

// Writes to 64 members of 1024 and takes from all that are ready; ns for each. A member that is picked twice is taken
// from once.
template <class Many>
subject batch_of(const settings& how) {
    return {Many::name, [how] {
                const pinned on_cpu(how.cpus[0]);
                Many many(batch_members);
                const std::vector<std::uint32_t> picked = random_picks(batch_members);
                std::size_t at = 0;
                const double ns = ns_per_call({effort_of(how).budget_ns, 10, unbounded}, [&] {
                    for (std::size_t i = 0; i < batch; ++i) many.write_to(picked[at++ % picks]);
                    (void)many.template take_all<batch>();
                });
                return ns / batch;
            }};
}

row batch_row(const settings& how) {
    row r{"set_batch_64", "write 64 of 1024, one look, take all", "ns"};
    if (has_descriptors_for(batch_members)) r.subjects.push_back(batch_of<kernel_many>(how));
    r.subjects.push_back(batch_of<efd_many>(how));
    r.note =
        "64 random members of 1024 are written to; one epoll_wait or wait_ready for up to 64, then a read of each; "
        "for each write";
    return r;
}

constexpr std::int64_t joining = 10'000;
constexpr effort join_all{INT64_MAX, joining, joining};

// Objects that exist already join a set, or an epoll; ns for each.
double join_efd(const settings& how) {
    const pinned on_cpu(how.cpus[0]);
    const std::vector<efd::eventfd> objects(joining);
    const efd::wait_set set;
    std::size_t at = 0;
    return ns_per_call(join_all, [&] {
        set.add(objects[at], at);
        ++at;
    });
}

double join_kernel(const settings& how) {
    const pinned on_cpu(how.cpus[0]);
    const std::vector<kernel_eventfd> objects(joining);
    const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
    std::size_t at = 0;
    const double ns = ns_per_call(join_all, [&] {
        join_epoll(epoll, objects[at].fd(), at);
        ++at;
    });
    ::close(epoll);
    return ns;
}

row join_row(const settings& how) {
    row r{"set_join", "an object joins a set", "ns"};
    if (has_descriptors_for(joining)) r.subjects.push_back({"kernel", [how] { return join_kernel(how); }});
    r.subjects.push_back({"efd", [how] { return join_efd(how); }});
    r.gates = {{"efd", 200, absolute}};
    r.note = "10 000 objects, one after the other, into a new set or a new epoll";
    return r;
}

template <class Look>
subject idle(const settings& how, const char* name, Look look) {
    return {name, [how, look] {
                const pinned on_cpu(how.cpus[0]);
                return look(how);
            }};
}

} // namespace

void add_set_rows(std::vector<row>& rows, const settings& how) {
    rows.push_back(one_of(how, 1, "set_one_of_1"));
    rows.back().gates = {{"efd", 25, absolute}};
    rows.push_back(one_of(how, 1024, "set_one_of_1024"));
    rows.back().gates = {{"efd", 30, absolute}};
    for (const std::size_t n : {std::size_t{100'000}, std::size_t{1'000'000}}) {
        rows.push_back(one_of(how, n, fmt::format("set_one_of_{}", n)));
        rows.back().gates = {{"efd", 1.1, "chase"}};
    }
    rows.push_back(batch_row(how));
    rows.push_back(join_row(how));

    constexpr std::size_t members = 1024;
    row& nothing = rows.emplace_back(row{"set_idle", "look at 1024 of which none is ready", "ns"});
    if (has_descriptors_for(members)) {
        nothing.subjects.push_back(idle(how, "kernel", [](const settings& s) {
            kernel_many many(members);
            return ns_per_call(effort_of(s), [&] { many.look(); });
        }));
        nothing.subjects.push_back(idle(how, "poll", [](const settings& s) {
            kernel_many many(members);
            return ns_per_call({effort_of(s).budget_ns, 10, unbounded}, [&] { many.poll_all(); });
        }));
    }
    nothing.subjects.push_back(idle(how, "efd", [](const settings& s) {
        efd_many many(members);
        return ns_per_call(effort_of(s), [&] { many.look(); });
    }));
    nothing.gates = {{"efd", 1, absolute}};
    nothing.note = "a look at 1024 members of which none is ready: epoll_wait and poll without waiting, try_any";
}

} // namespace efd::bench
