// SPDX-License-Identifier: MIT
// bench/rows_arena.cpp: what it costs to attach to an arena, and to make, find and end its objects.
//
// The peers do what a program does without arenas: sem_open for names, and an eventfd that is sent over a socket.
#include "bench/child.hpp"
#include "bench/measure.hpp"
#include "bench/processes.hpp"
#include "bench/row.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <string>
#include <sys/socket.h>

namespace efd::bench {
namespace {

std::int64_t budget_of(const settings& how) { return how.brief ? 4'000'000 : 20'000'000; }

std::string own_name(const char* what) { return fmt::format("efd-bench-{}-{}", what, ::getpid()); }

// The time of attaching alone, in microseconds.
template <class Attach>
double attach_us(const settings& how, Attach attach) {
    const pinned on_cpu(how.cpus[0]);
    std::int64_t spent_ns = 0;
    int times = 0;
    for (const std::int64_t end_ns = now_ns() + budget_of(how); times < 3 || now_ns() < end_ns; ++times) {
        const std::int64_t start_ns = now_ns();
        const efd::arena attached = attach();
        spent_ns += now_ns() - start_ns;
        keep(&attached);
    }
    return static_cast<double>(spent_ns) / times / 1000;
}

row attach_row(const settings& how, std::uint32_t slots) {
    row r{fmt::format("arena_attach_{}", slots), fmt::format("attach to an arena of {} slots", slots), "us"};
    r.place = {"arena_attach", "slots", static_cast<double>(slots)};
    r.subjects = {{"efd", [=] {
                       const efd::arena shared({.slots = slots});
                       return attach_us(how, [&] { return efd::arena::attach(shared.fd()); });
                   }}};
    r.gates = {{"efd", 1000, absolute}};
    r.note = "by its descriptor, with every check; the end of it is not counted";
    return r;
}

row open_row(const settings& how) {
    row r{"arena_open", "attach to an arena by its name", "us"};
    r.subjects = {{"efd",
                   [=] {
                       const std::string name = own_name("open");
                       const efd::arena shared = efd::arena::create(name);
                       return attach_us(how, [&] { return efd::arena::open(name); });
                   }},
                  {"sem_t", [=] {
                       const std::string name = "/" + own_name("open");
                       sem_t* const made = ::sem_open(name.c_str(), O_CREAT | O_EXCL, 0600, 0);
                       must(made != SEM_FAILED, "sem_open");
                       ::sem_close(made);
                       const double ns = ns_per_call({budget_of(how), 10, unbounded}, [&] {
                           must(::sem_open(name.c_str(), 0) != SEM_FAILED, "sem_open");
                           ::sem_close(made);
                       });
                       ::sem_unlink(name.c_str());
                       return ns / 1000;
                   }}};
    r.gates = {{"efd", 500, absolute}};
    r.note = "an arena of a living process; sem_t: sem_open of one semaphore, and its sem_close";
    r.loss = "An arena is attached to once for all its objects";
    return r;
}

constexpr int names = 1000;

row find_row(const settings& how) {
    row r{"arena_find", "find an object by name, among 1000", "ns"};
    const auto in_arena = [how](auto find) {
        const pinned on_cpu(how.cpus[0]);
        const efd::arena shared({.slots = names});
        std::vector<efd::eventfd> all;
        for (int i = 0; i < names; ++i) all.push_back(shared.make(fmt::format("object {}", i)));
        const std::uint64_t id = shared.id(all.back());
        return ns_per_call({budget_of(how), 100, unbounded}, [&] { must(bool(find(shared, id)), "efd::arena::find"); });
    };
    r.subjects = {
        {"efd", [=] { return in_arena([](const efd::arena& in, std::uint64_t) { return in.find("object 999"); }); }},
        {"by_id", [=] { return in_arena([](const efd::arena& in, std::uint64_t id) { return in.at(id); }); }}};
    r.note = "efd: by name, under the lock of names; by_id: by the number that a ring holds";
    return r;
}

// ---- Objects that are made and ended.

row make_row(const settings& how) {
    row r{"arena_make", "make an object without a name and end it", "ns"};
    const auto timed = [how](auto make) {
        const pinned on_cpu(how.cpus[0]);
        return ns_per_call({budget_of(how), 100, unbounded}, [&] {
            const auto made = make();
            keep(&made);
        });
    };
    r.subjects = {{"kernel", [=] { return timed([] { return std::make_unique<kernel_eventfd>(); }); }},
                  {"efd",
                   [=] {
                       const efd::arena shared;
                       return timed([&] { return shared.make(); });
                   }},
                  {"private", [=] { return timed([] { return efd::eventfd(); }); }}};
    r.gates = {{"efd", 150, absolute}};
    r.note = "in an arena of one process; private: an object of this process alone; kernel: eventfd(2) and close";
    return r;
}

constexpr std::uint32_t many = 1'000'000;

row keep_row(const settings& how) {
    row r{"arena_make_kept", "make a million objects without names", "ns"};
    r.subjects = {{"efd", [=] {
                       const pinned on_cpu(how.cpus[0]);
                       const efd::arena shared({.slots = many});
                       std::vector<efd::eventfd> all;
                       all.reserve(many);
                       const std::int64_t start_ns = now_ns();
                       for (std::uint32_t i = 0; i < many; ++i) all.push_back(shared.make());
                       return static_cast<double>(now_ns() - start_ns) / many;
                   }}};
    r.note = "each of a million that live at once, the first touch of its memory with it";
    r.rounds_brief = 1;
    r.rounds_full = 5;
    return r;
}

// ---- Very many objects that live at once: what the arena has room for, and this process keeps beside it.

std::int64_t resident_bytes() {
    std::ifstream statm("/proc/self/statm");
    std::int64_t all = 0;
    std::int64_t resident = 0;
    must(bool(statm >> all >> resident), "/proc/self/statm");
    return resident * ::sysconf(_SC_PAGESIZE);
}

std::int64_t available_bytes() {
    std::ifstream meminfo("/proc/meminfo");
    for (std::string line; std::getline(meminfo, line);)
        if (line.rfind("MemAvailable:", 0) == 0) return std::strtoll(line.c_str() + 13, nullptr, 10) * 1024;
    return 0;
}

struct cost_of_many {
    double ns;
    double bytes;
};

// In a process that holds them all, and ends with them. No handle is kept: what it costs to keep them is the caller's.
double made_and_held(std::uint32_t number, double cost_of_many::* what) {
    return in_child([=] {
        const efd_arena_options options{.slots = number,
                                        .processes = 2,
                                        .names = 1,
                                        .mode = 0,
                                        .sparse = 1,
                                        .first_look_ms = 0,
                                        .last_look_ms = 0,
                                        .sets = 1,
                                        .reserved = {}};
        efd_arena_t* const shared = ::efd_arena_create(nullptr, &options);
        must(shared != nullptr, "efd_arena_create");
        const std::int64_t bytes_before = resident_bytes();
        const std::int64_t start_ns = now_ns();
        for (std::uint32_t i = 0; i < number; ++i)
            must(::efd_arena_make(shared, nullptr, 0, 0) != nullptr, "efd_arena_make");
        const cost_of_many cost{static_cast<double>(now_ns() - start_ns) / number,
                                static_cast<double>(resident_bytes() - bytes_before) / number};
        return cost.*what;
    });
}

constexpr std::int64_t bytes_of_one = 160; // more than the bytes of the row below

void add_many_rows(std::vector<row>& rows, const settings& how) {
    constexpr std::uint32_t million = 1'000'000;
    for (const std::uint32_t millions : {how.brief ? 1U : 10U, 100U}) {
        const std::uint32_t number = millions * million;
        row& r = rows.emplace_back(row{millions == 100 ? "xproc_many_100M" : "xproc_many",
                                       fmt::format("make {} million objects that live at once", millions), "ns"});
        r.subjects = {{"efd", [=] { return made_and_held(number, &cost_of_many::ns); }}};
        r.note = "in one arena of two processes; each of them, the first touch of its memory with it";
        if (const std::int64_t needed = bytes_of_one * number; needed > available_bytes())
            r.impossible =
                fmt::format("needs {} MB of memory, {} MB are available", needed >> 20, available_bytes() >> 20);
        else if (millions == 100 && how.patience_s < 300)
            r.impossible = "takes a minute or more; is measured with --patience 300";
        r.rounds_brief = r.rounds_full = millions == 100 ? 1 : 3;
    }
    row& bytes = rows.emplace_back(row{"xproc_many_bytes", "memory of an object, if there are many", "bytes"});
    bytes.subjects = {{"efd", [=] { return made_and_held((how.brief ? 1 : 10) * million, &cost_of_many::bytes); }}};
    bytes.note = "in one arena, with what the process that makes them keeps for each; every further process that holds "
                 "all of them keeps as much but for the arena's part";
    bytes.rounds_brief = bytes.rounds_full = 3;
}

// Over a socket of this process, whose two ends stand for two processes.
class sent_eventfd {
  public:
    sent_eventfd() { must(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends_) == 0, "socketpair"); }
    ~sent_eventfd() {
        ::close(ends_[0]);
        ::close(ends_[1]);
    }
    sent_eventfd& operator=(sent_eventfd&&) = delete; // neither copied nor moved

    void make_send_receive_and_close() {
        const kernel_eventfd made;
        message with_it;
        const int fd = made.fd();
        std::memcpy(CMSG_DATA(with_it.part()), &fd, sizeof fd);
        must(::sendmsg(ends_[0], &with_it.whole, 0) == 1, "sendmsg");
        message answer;
        must(::recvmsg(ends_[1], &answer.whole, MSG_CMSG_CLOEXEC) == 1, "recvmsg");
        int got = -1;
        std::memcpy(&got, CMSG_DATA(answer.part()), sizeof got);
        ::close(got);
    }

  private:
    struct message {
        char byte = 'x';
        iovec bytes{&byte, 1};
        alignas(cmsghdr) char room[CMSG_SPACE(sizeof(int))] = {};
        msghdr whole{};
        message() {
            whole.msg_iov = &bytes;
            whole.msg_iovlen = 1;
            whole.msg_control = room;
            whole.msg_controllen = sizeof room;
            cmsghdr* const head = CMSG_FIRSTHDR(&whole);
            head->cmsg_level = SOL_SOCKET;
            head->cmsg_type = SCM_RIGHTS;
            head->cmsg_len = CMSG_LEN(sizeof(int));
        }
        cmsghdr* part() { return CMSG_FIRSTHDR(&whole); }
    };
    int ends_[2];
};

row named_row(const settings& how) {
    row r{"arena_make_named", "make an object with a name, find and end it", "us"};
    const auto timed = [how](auto make) {
        const pinned on_cpu(how.cpus[0]);
        return ns_per_call({budget_of(how), 10, unbounded}, make) / 1000;
    };
    r.subjects = {{"kernel",
                   [=] {
                       sent_eventfd line;
                       return timed([&] { line.make_send_receive_and_close(); });
                   }},
                  {"efd",
                   [=] {
                       const efd::arena shared;
                       return timed([&] {
                           const efd::eventfd made = shared.make("a name");
                           must(bool(shared.find("a name")), "efd::arena::find");
                           must(shared.remove("a name") == std::errc{}, "efd::arena::remove");
                       });
                   }},
                  {"sem_t", [=] {
                       const std::string name = "/" + own_name("make");
                       return timed([&] {
                           sem_t* const made = ::sem_open(name.c_str(), O_CREAT | O_EXCL, 0600, 0);
                           must(made != SEM_FAILED && ::sem_open(name.c_str(), 0) == made, "sem_open");
                           ::sem_close(made);
                           ::sem_close(made);
                           ::sem_unlink(name.c_str());
                       });
                   }}};
    r.gates = {{"efd", 50, absolute}};
    r.note = "kernel: eventfd(2), sent and received with SCM_RIGHTS, both closed; sem_t: sem_open twice, sem_close, "
             "sem_unlink";
    return r;
}

} // namespace

void add_arena_rows(std::vector<row>& rows, const settings& how) {
    rows.push_back(attach_row(how, 1024));
    rows.push_back(attach_row(how, many));
    rows.push_back(open_row(how));
    rows.push_back(find_row(how));
    rows.push_back(make_row(how));
    rows.push_back(keep_row(how));
    rows.push_back(named_row(how));
    add_many_rows(rows, how);
}

} // namespace efd::bench
