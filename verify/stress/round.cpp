// SPDX-License-Identifier: MIT
// verify/stress/round.cpp: see round.hpp. The waits here have a bound far beyond the limit of the watch: who is not
// quiet by then hangs in a way that the watch cannot name, and the program ends with what can be seen.
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
    explicit round(const round_terms& terms) : terms_(terms), table_(terms.threads, terms.seed), dice_(terms.seed) {}

    round_result run() {
        round_result result;
        const auto end = steady_clock::now() + terms_.time;
        {
            watch guard(table_, terms_.limit, terms_.end_of_program);
            std::vector<std::jthread> threads;
            for (seat& s : table_.seats) threads.emplace_back([this, &s] { worker(table_, s).run(); });
            do {
                burst();
                ++result.bursts;
                result.operations = operations();
                terms_.tick(result.operations);
            } while (steady_clock::now() < end && table_.failures == 0);
            {
                const std::lock_guard hold(table_.lock);
                table_.over = true;
            }
            table_.begun.notify_all();
            threads.clear();
            result.longest = guard.longest();
            result.seen = guard.seen();
        }
        result.failures = table_.failures;
        return result;
    }

  private:
    [[nodiscard]] std::uint64_t operations() const {
        std::uint64_t all = 0;
        for (const seat& s : table_.seats) all += s.operations.load(std::memory_order_relaxed);
        return all;
    }

    void burst() {
        for (seat& s : table_.seats) s.parked = false;
        table_.paused = false;
        {
            const std::lock_guard hold(table_.lock);
            ++table_.burst;
        }
        table_.begun.notify_all();
        const auto length = 500 + dice_.below(table_.seats.size() < 8 ? 4000 : 20'000);
        std::this_thread::sleep_for(std::chrono::microseconds(length)); // delay: the threads work meanwhile
        table_.paused = true;
        in_time("become quiet", [this] { return quiet(); });
        for (subject& s : table_.subjects)
            if (s.object().poll() != core::poll_mask(s.object().count()))
                table_.complain("poll of " + std::string(s.name()) + " differs from its count while all is quiet");
        in_time("be let go", [this] { return let_go(); });
        audit();
    }

    template <class Condition>
    void in_time(const char* what, Condition holds) {
        const auto end = steady_clock::now() + longest_quieting;
        while (!holds()) {
            if (steady_clock::now() > end)
                terms_.end_of_program(fmt::format("the threads did not {}\n{}", what, describe(table_)));
            std::this_thread::sleep_for(std::chrono::microseconds(50)); // pace: between two looks
        }
    }

    // Nobody can go on. Who waits for a stranger's unit is given it, since it may be that nobody else is left to.
    bool quiet() {
        table_.letters.serve(dice_);
        for (const seat& s : table_.seats) {
            if (s.parked) continue;
            const auto wait = s.waits();
            if (!wait || wait->where == nowhere || table_.holds(*wait)) return false;
        }
        return true;
    }

    // A stop, a unit or room for everyone who still waits; true when all are parked.
    bool let_go() {
        bool all = true;
        table_.letters.serve(dice_);
        for (seat& s : table_.seats) {
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
        subject& s = table_.subjects[at];
        if (s.holds_for(writer, amount)) return;
        std::uint64_t value = 0;
        if (!writer && s.object().try_write(1) == std::errc{}) own_[at].written.add(1);
        if (writer && s.object().try_read(value) == std::errc{}) own_[at].taken.add(value);
    }

    // All are parked: the books must come to the count, and nobody may have left a reference behind.
    void audit() {
        for (std::size_t at = 0; at < subjects_many; ++at) {
            subject& s = table_.subjects[at];
            wide in;
            wide out;
            in.add(s.initial());
            in.add(own_[at].written);
            out.add(own_[at].taken);
            for (const seat& who : table_.seats) {
                in.add(who.books[at].written);
                out.add(who.books[at].taken);
            }
            const std::uint64_t rest = s.object().count();
            out.add(rest);
            const bool right = s.saturates() ? out <= in : out == in; // units vanish at the ceiling alone
            if (!right)
                table_.complain(fmt::format("{}: written {}, read and left {}", s.name(), in.text(), out.text()));
            if (rest > s.most()) table_.complain(fmt::format("{} stands above its bound", s.name()));
            if (efd::internal_access::context_of(s.object())->references() != 1)
                table_.complain(fmt::format("{} has {} references", s.name(),
                                            efd::internal_access::context_of(s.object())->references()));
        }
    }

    const round_terms& terms_;
    table table_;
    dice dice_;
    std::array<ledger, subjects_many> own_{};
};

} // namespace

round_result run_round(const round_terms& terms) { return std::make_unique<round>(terms)->run(); }

} // namespace efd::stress
