// SPDX-License-Identifier: MIT
// verify/stress/round.cpp: see round.hpp. The waits here have a bound far beyond the limit of the watch. A thread that
// is not quiet by then hangs in a way that the watch cannot name, and the program ends and prints what can be seen.
#include "stress/round.hpp"
#include "api/internal_access.hpp"

#include "stress/worker.hpp"

#include <fmt/format.h>
#include <thread>
#include <vector>

namespace efd::stress {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds longest_quieting{180};

class round {
  public:
    explicit round(const round_terms& terms) : terms_(terms), shared_(terms.threads, terms.seed), dice_(terms.seed) {
        if (terms.seed % 3 == 0) return; // without descriptors
        for (subject& s : shared_.subjects) s.open_descriptor(terms.seed % 3 == 1 ? doorbell::level : doorbell::every);
    }

    round_result run() {
        round_result result;
        const auto end = steady_clock::now() + terms_.time;
        {
            watch guard(shared_, terms_.limit, terms_.end_of_program);
            std::vector<std::jthread> threads;
            for (thread_slot& s : shared_.slots) threads.emplace_back([this, &s] { worker(shared_, s).run(); });
            do {
                burst();
                ++result.bursts;
                result.operations = operations();
                terms_.tick(result.operations);
            } while (steady_clock::now() < end && shared_.failures == 0);
            {
                const std::lock_guard hold(shared_.lock);
                shared_.over = true;
            }
            shared_.begun.notify_all();
            threads.clear();
            result.longest = guard.longest();
            result.suspicions = guard.suspicions();
        }
        result.failures = shared_.failures;
        return result;
    }

  private:
    [[nodiscard]] std::uint64_t operations() const {
        std::uint64_t all = 0;
        for (const thread_slot& s : shared_.slots) all += s.operations.load(std::memory_order_relaxed);
        return all;
    }

    void burst() {
        for (thread_slot& s : shared_.slots) s.parked = false;
        shared_.paused = false;
        {
            const std::lock_guard hold(shared_.lock);
            ++shared_.burst;
        }
        shared_.begun.notify_all();
        const auto length = 500 + dice_.below(shared_.slots.size() < 8 ? 4000 : 20'000);
        std::this_thread::sleep_for(std::chrono::microseconds(length)); // delay: the threads work meanwhile
        shared_.paused = true;
        in_time("become quiet", [this] { return quiet(); });
        for (subject& s : shared_.subjects)
            if (s.object().poll() != core::poll_mask(s.object().count()))
                shared_.complain("poll of " + std::string(s.name()) + " differs from its count while all is quiet");
        in_time("be let go", [this] { return let_go(); });
        audit();
    }

    template <class Condition>
    void in_time(const char* what, Condition holds) {
        const auto end = steady_clock::now() + longest_quieting;
        while (!holds()) {
            if (steady_clock::now() > end)
                terms_.end_of_program(fmt::format("the threads did not {}\n{}", what, describe(shared_)));
            std::this_thread::sleep_for(std::chrono::microseconds(50)); // pace: between two looks
        }
    }

    // No thread can go on. A thread that waits for a stranger's unit gets one here, since no other thread may be left
    // to write it.
    bool quiet() {
        shared_.letters.serve(dice_);
        for (const thread_slot& s : shared_.slots) {
            if (s.parked) continue;
            const auto wait = s.waits();
            if (!wait || wait->where == nowhere || shared_.holds(*wait)) return false;
        }
        return true;
    }

    // A stop, a unit or room for every thread that still waits; true when all are parked.
    bool let_go() {
        bool all = true;
        shared_.letters.serve(dice_);
        for (thread_slot& s : shared_.slots) {
            if (s.parked) continue;
            all = false;
            const auto wait = s.waits();
            if (!wait || wait->where == nowhere) continue;
            s.request_stop();
            feed(static_cast<std::size_t>(wait->where), wait->writer, wait->amount);
        }
        return all;
    }

    void feed(std::size_t at, bool writer, std::uint64_t amount) {
        subject& s = shared_.subjects[at];
        if (s.holds_for(writer, amount)) return;
        std::uint64_t value = 0;
        if (!writer && s.object().try_write(1) == std::errc{}) own_[at].written.add(1);
        if (writer && s.object().try_read(value) == std::errc{}) own_[at].taken.add(value);
    }

    // All are parked: the books must agree with the count, and no reference may be left.
    void audit() {
        for (std::size_t at = 0; at < subjects_many; ++at) {
            subject& s = shared_.subjects[at];
            wide in;
            wide out;
            in.add(s.initial());
            in.add(own_[at].written);
            out.add(own_[at].taken);
            for (const thread_slot& one : shared_.slots) {
                in.add(one.books[at].written);
                out.add(one.books[at].taken);
            }
            const std::uint64_t rest = s.object().count();
            out.add(rest);
            const bool right = s.saturates() ? out <= in : out == in; // units vanish at the ceiling alone
            if (!right)
                shared_.complain(fmt::format("{}: written {}, read and left {}", s.name(), in.text(), out.text()));
            if (!s.is_descriptor_true())
                shared_.complain(fmt::format("the descriptor of {} does not say what poll says of {}", s.name(), rest));
            if (rest > s.most()) shared_.complain(fmt::format("{} stands above its bound", s.name()));
            if (efd::internal_access::context_of(s.object())->references() != 1)
                shared_.complain(fmt::format("{} has {} references", s.name(),
                                             efd::internal_access::context_of(s.object())->references()));
        }
    }

    const round_terms& terms_;
    shared_state shared_;
    dice dice_;
    std::array<ledger, subjects_many> own_{};
};

} // namespace

round_result run_round(const round_terms& terms) { return std::make_unique<round>(terms)->run(); }

} // namespace efd::stress
