// SPDX-License-Identifier: MIT
// examples/two_processes.cpp: a producer and a consumer that find each other by a name; the consumer is killed and
// restarted, three times, and no item is lost.
//
//     two_processes_cpp                      the driver: starts the others, kills consumers, prints one line
//     two_processes_cpp PROGRAM              the same, with the consumer of another program (of two_processes_c)
//     two_processes_cpp producer|consumer NAME
//
// What a killed process has taken is gone with it. So nobody takes what says how far the work is: `made` and `done`
// only grow, as counts that outlive every process but the last, and the unit that the consumer takes, of `jobs`, only
// wakes it. A consumer looks at the counts before it sleeps, and a new one begins where the old one was.
//
// Promises: each item is handled once, or a second time if its consumer was killed before it was counted. A look at a
// count is a load, and a write enters no kernel unless another process sleeps.
#include <efd/arena.hpp>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <spawn.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

namespace {

constexpr std::uint64_t items = 20'000;
constexpr std::uint64_t batches = 4; // the driver kills a consumer in each but the last

struct work {
    explicit work(const std::string& name) : shared(efd::arena::open(name)) {}
    efd::eventfd object(const char* name) const {
        auto found = shared.find(name);
        if (!found) throw std::system_error(std::make_error_code(found.error), name);
        return std::move(found.object);
    }
    efd::arena shared;
    efd::eventfd made = object("made"); // items that there are
    efd::eventfd done = object("done"); // items that have been handled
    efd::eventfd jobs = object("jobs"); // wakes the consumer
    efd::eventfd more = object("more"); // the driver asks for the next batch
    efd::eventfd told = object("told"); // the consumer tells the driver of each item
};

void add_one(const efd::eventfd& to) {
    if (to.write(1) != std::errc{}) std::abort();
}

std::uint64_t take(const efd::eventfd& from) {
    std::uint64_t value = 0;
    while (from.read(value) != std::errc{}) {
    }
    return value;
}

void produce(const work& all) {
    while (all.made.count() < items) {
        (void)take(all.more);
        for (std::uint64_t i = 0; i < items / batches; ++i) {
            add_one(all.made); // first the item,
            add_one(all.jobs); // then the wake
        }
    }
}

// Stands for the work on an item, some microseconds, so that a consumer is killed in the midst of it.
void handle(std::uint64_t item) {
    volatile std::uint64_t result = item;
    for (int step = 0; step < 1000; ++step) result = result * 5 + 1;
}

void consume(const work& all) {
    while (all.done.count() < items) {
        if (all.done.count() == all.made.count()) {
            (void)take(all.jobs);
        } else {
            handle(all.done.count()); // first the work,
            add_one(all.done);        // then its count
            add_one(all.told);
        }
    }
}

pid_t start(const char* program, const char* role, const std::string& name) {
    const char* const words[] = {program, role, name.c_str(), nullptr};
    pid_t started = -1;
    if (::posix_spawn(&started, program, nullptr, nullptr, const_cast<char* const*>(words), environ) != 0) std::abort();
    return started;
}

int status_of(pid_t process) {
    int status = 0;
    if (::waitpid(process, &status, 0) != process) std::abort();
    return status;
}

int drive(const char* consumer_program) {
    const std::string name = "two-processes-" + std::to_string(::getpid());
    const efd::arena shared = efd::arena::create(name);
    for (const char* one : {"made", "done", "jobs", "told"}) (void)shared.make(one); // a name keeps its object
    (void)shared.make("more", 0, efd::flags::semaphore);
    const work all(name);
    const pid_t producer = start("/proc/self/exe", "producer", name);
    pid_t consumer = start(consumer_program, "consumer", name);
    int killed = 0;
    for (std::uint64_t batch = 1; batch < batches; ++batch) {
        add_one(all.more);
        for (std::uint64_t told = 0; told < items / batches / 2;) told += take(all.told);
        ::kill(consumer, SIGKILL);
        if (WIFSIGNALED(status_of(consumer))) ++killed;
        consumer = start(consumer_program, "consumer", name);
    }
    add_one(all.more);
    const bool ended = status_of(producer) == 0 && status_of(consumer) == 0;
    std::printf("%llu items made, %llu done, %d consumers killed\n", static_cast<unsigned long long>(all.made.count()),
                static_cast<unsigned long long>(all.done.count()), killed);
    return ended && all.done.count() == items && killed == 3 ? 0 : 1;
}

} // namespace

int main(int number, char** words) {
    try {
        if (number < 3) return drive(number == 2 ? words[1] : "/proc/self/exe");
        const work all(words[2]);
        std::strcmp(words[1], "producer") == 0 ? produce(all) : consume(all);
        return 0;
    } catch (const std::system_error& why) {
        std::fprintf(stderr, "two_processes: %s\n", why.what());
        return 1;
    }
}
