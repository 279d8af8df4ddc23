// SPDX-License-Identifier: MIT
// bench/rows_cancel.cpp: many threads wait on one object, and each wait is cancelled by itself, one after the other.
//
// A wait on the kernel's eventfd can be ended only by a signal to its thread, with a handler that does nothing. Time
// runs from the first cancel until the last thread has returned from its wait.
#include "bench/measure.hpp"
#include "bench/row.hpp"
#include "bench/sleepers.hpp"
#include "bench/subjects.hpp"
#include "common/task.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <csignal>
#include <memory>
#include <stdexcept>
#include <stop_token>
#include <sys/syscall.h>

namespace efd::bench {
namespace {

constexpr int signal_number = SIGUSR1;

// Both ways: wait(i) is called once by a thread of its own; cancel(i) ends it.
class signalled_reads {
  public:
    static constexpr const char* name = "kernel";
    explicit signalled_reads(std::size_t waits) : tids_(waits) {
        struct sigaction quiet{};
        quiet.sa_handler = [](int) {};
        must(::sigaction(signal_number, &quiet, nullptr) == 0, "sigaction"); // without SA_RESTART
    }
    void wait(std::size_t i) {
        tids_[i].store(common::this_tid(), base::release);
        std::uint64_t value = 0;
        must(::read(object_.fd(), &value, sizeof value) == -1 && errno == EINTR, "a read that a signal ends");
    }
    void cancel(std::size_t i) { (void)::syscall(SYS_tgkill, ::getpid(), tids_[i].load(base::acquire), signal_number); }

  private:
    kernel_eventfd object_;
    std::vector<base::atomic<pid_t>> tids_;
};

class stopped_reads {
  public:
    static constexpr const char* name = "efd";
    explicit stopped_reads(std::size_t waits) : stops_(waits) {}
    void wait(std::size_t i) {
        std::uint64_t value = 0;
        must(object_.read(value, stops_[i].get_token()) == std::errc::operation_canceled, "a read that a stop ends");
    }
    void cancel(std::size_t i) { stops_[i].request_stop(); }

  private:
    eventfd object_;
    std::vector<std::stop_source> stops_;
};

// A thread that is still in its wait is cancelled again: a signal that comes before the read sleeps would be lost.
template <class Way>
void cancel_until_all_are_back(Way& way, std::vector<base::atomic<bool>>& back) {
    for (std::size_t i = 0; i < back.size(); ++i) way.cancel(i);
    constexpr std::int64_t lost_after_ns = 2'000'000'000;
    std::int64_t again_at = now_ns() + lost_after_ns;
    for (std::size_t i = 0; i < back.size();) {
        if (back[i].load(base::acquire)) {
            ++i;
            continue;
        }
        std::this_thread::yield();
        if (now_ns() < again_at) continue;
        way.cancel(i);
        again_at = now_ns() + lost_after_ns;
    }
}

template <class Way>
double ms_to_cancel(int waits) {
    const auto number = static_cast<std::size_t>(waits);
    Way way(number);
    std::vector<base::atomic<bool>> back(number);
    base::atomic<std::size_t> next{0};
    sleepers all(
        waits,
        [&] {
            const std::size_t own = next.fetch_add(1, base::acq_rel);
            if (own >= number) return std::uint64_t{0};
            way.wait(own);
            back[own].store(true, base::release);
            return std::uint64_t{0};
        },
        -1);
    const bool seen_asleep = all.quiet_after(0);
    all.end();
    const std::int64_t start = now_ns();
    cancel_until_all_are_back(way, back);
    const std::int64_t end = now_ns();
    all.join();
    if (!seen_asleep) throw std::runtime_error("the readers were not seen asleep within 20 s");
    return static_cast<double>(end - start) / 1e6;
}

template <class... Ways>
std::vector<subject> each_way(int waits) {
    return {subject{Ways::name, [=] { return ms_to_cancel<Ways>(waits); }}...};
}

} // namespace

void add_cancel_rows(std::vector<row>& rows, const settings&) {
    for (const int waits : {500, 1500}) {
        row& cancels = rows.emplace_back(row{"cancel_" + std::to_string(waits),
                                             fmt::format("cancel {} waits on one object, one by one", waits), "ms"});
        cancels.place = {"cancel", "waits", static_cast<double>(waits)};
        cancels.subjects = each_way<signalled_reads, stopped_reads>(waits);
        cancels.gates = {{"efd", 3, "kernel"}};
        cancels.note =
            "each wait is a thread's, with a stop token of its own; kernel: read, and a signal to its thread; "
            "until the last thread is back";
        cancels.loss =
            "A cancel takes the waiter out of two queues, and its thread asks once more whether others sleep";
        cancels.rounds_brief = 3;
        cancels.rounds_full = 11;
    }
}

} // namespace efd::bench
