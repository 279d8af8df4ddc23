// SPDX-License-Identifier: MIT
// bench/rows_family.cpp: what EFD_SHARED costs: an object that children of fork share beside a private one, a number
// whose eventfd is the kernel's beside a plain one, and a fork.
#include "bench/measure.hpp"
#include "bench/processes.hpp"
#include "bench/row.hpp"

#include <efd/efd.h>

#include <sys/wait.h>

namespace efd::bench {
namespace {

effort effort_for(const settings& how) { return {how.brief ? 4'000'000 : 20'000'000, 100, unbounded}; }

// The process gets its arena with the first object, which is not measured.
template <flags Kind>
class object_of {
  public:
    object_of() : object_(0, Kind) {}
    void signal() { must(object_.write(1) == std::errc{}, "efd::eventfd::write"); }
    void take() {
        std::uint64_t value = 0;
        must(object_.read(value) == std::errc{}, "efd::eventfd::read");
    }

  private:
    efd::eventfd object_;
};
using shared_object = object_of<flags::shared>;
using private_object = object_of<flags::none>;

template <int Flags>
class number_with {
  public:
    number_with() : fd_(::efd_eventfd(0, EFD_CLOEXEC | Flags)) { must(fd_ >= 0, "efd_eventfd"); }
    ~number_with() { (void)::efd_fd_close(fd_); }
    number_with& operator=(number_with&&) = delete; // neither copied nor moved
    void signal() {
        const std::uint64_t one = 1;
        must(::efd_fd_write(fd_, &one, sizeof one) == sizeof one, "efd_fd_write");
    }
    void take() {
        std::uint64_t value = 0;
        must(::efd_fd_read(fd_, &value, sizeof value) == sizeof value, "efd_fd_read");
    }

  private:
    int fd_;
};

template <class Of>
void signal_one(Of& it) {
    it.signal();
}
template <class Of>
void signal_and_take(Of& it) {
    it.signal();
    it.take();
}

template <class Of>
double ns_of(const settings& how, void (*act)(Of&)) {
    const pinned on_cpu(how.cpus[0]);
    Of it;
    keep(&it);
    return ns_per_call(effort_for(how), [&] { act(it); });
}

template <class Of>
double ns_of_life(const settings& how) {
    const pinned on_cpu(how.cpus[0]);
    const Of kept; // what comes with the first is not counted
    return ns_per_call(effort_for(how), [] {
        const Of made;
        keep(&made);
    });
}

row signal_row(const settings& how) {
    row r{"shared_signal_idle", "signal a shared object, nobody asleep", "ns"};
    r.subjects = {{"kernel", [=] { return ns_of<kernel_eventfd>(how, signal_one); }},
                  {"efd", [=] { return ns_of<shared_object>(how, signal_one); }},
                  {"private", [=] { return ns_of<private_object>(how, signal_one); }}};
    r.note = "efd: flags::shared; private: an object of this process alone";
    return r;
}

row take_row(const settings& how) {
    row r{"shared_signal_take", "signal a shared object, then take", "ns"};
    r.subjects = {
        {"kernel",
         [=] { return ns_of<kernel_eventfd>(how, [](kernel_eventfd& it) { it.signal(), (void)it.take(); }); }},
        {"efd", [=] { return ns_of<shared_object>(how, signal_and_take); }},
        {"private", [=] { return ns_of<private_object>(how, signal_and_take); }}};
    r.note = "efd: flags::shared; private: an object of this process alone";
    return r;
}

row life_row(const settings& how) {
    row r{"shared_make", "make a shared object and end it", "ns"};
    r.subjects = {{"kernel", [=] { return ns_of_life<kernel_eventfd>(how); }},
                  {"efd", [=] { return ns_of_life<shared_object>(how); }},
                  {"private", [=] { return ns_of_life<private_object>(how); }}};
    r.note = "efd: flags::shared, in the arena that the process has already; private: an object of this process alone";
    return r;
}

row descriptor_row(const settings& how) {
    row r{"shared_descriptor", "write and read a shared descriptor", "ns"};
    r.subjects = {
        {"kernel",
         [=] { return ns_of<kernel_eventfd>(how, [](kernel_eventfd& it) { it.signal(), (void)it.take(); }); }},
        {"efd", [=] { return ns_of<number_with<EFD_SHARED>>(how, signal_and_take); }},
        {"private", [=] { return ns_of<number_with<0>>(how, signal_and_take); }}};
    r.note =
        "efd: efd_eventfd with EFD_SHARED, through efd_fd_write and efd_fd_read; private: without it; kernel: plain "
        "write and read";
    r.loss = "Its count is the kernel's, which other processes share: each call is a system call";
    return r;
}

row descriptor_life_row(const settings& how) {
    row r{"shared_descriptor_make", "make a shared descriptor and close it", "ns"};
    r.subjects = {{"kernel", [=] { return ns_of_life<kernel_eventfd>(how); }},
                  {"efd", [=] { return ns_of_life<number_with<EFD_SHARED>>(how); }},
                  {"private", [=] { return ns_of_life<number_with<0>>(how); }}};
    r.note = "efd: efd_eventfd with EFD_SHARED and efd_fd_close; private: without it";
    r.loss = "It is the kernel's eventfd, and an entry in efd's table";
    return r;
}

// In a child, as an arena of the family stays with the process that made it.
template <class Object>
double fork_us(const settings& how) {
    const in_shared_memory<double> us(0);
    other_process([&] {
        const pinned on_cpu(how.cpus[0]);
        const Object kept;
        const effort few{effort_for(how).budget_ns, 5, unbounded};
        *us = ns_per_call(few,
                          [] {
                              const pid_t child = ::fork();
                              if (child == 0) ::_exit(0);
                              must(::waitpid(child, nullptr, 0) == child, "fork");
                          }) /
              1000;
    }).join();
    return *us;
}

row fork_row(const settings& how) {
    row r{"shared_fork", "fork beside a shared object, and the end", "us"};
    r.subjects = {{"kernel", [=] { return fork_us<kernel_eventfd>(how); }},
                  {"efd", [=] { return fork_us<shared_object>(how); }},
                  {"private", [=] { return fork_us<private_object>(how); }}};
    r.note = "kernel, private: a process with such an object and no shared one";
    r.loss = "Each fork gives the child a life line and a row of its own in each arena of the process";
    return r;
}

} // namespace

void add_family_rows(std::vector<row>& rows, const settings& how) {
    rows.push_back(signal_row(how));
    rows.push_back(take_row(how));
    rows.push_back(life_row(how));
    rows.push_back(descriptor_row(how));
    rows.push_back(descriptor_life_row(how));
    rows.push_back(fork_row(how));
}

} // namespace efd::bench
