// SPDX-License-Identifier: MIT
// verify/stress/worker.hpp: one thread of a round: does everything that can be done to an object, at random.
//
// Owns the thread's wait queue entries. Runs in its own thread and touches its own slot and ledger alone; between
// bursts it is parked, with all its entries removed and no reference of its own left.
#pragma once

#include "stress/busy_entry.hpp"
#include "stress/shared_state.hpp"

namespace efd::stress {

class worker {
  public:
    worker(shared_state& shared, thread_slot& own) : shared_(shared), slot_(own) {}
    void run();

  private:
    using operation = void (worker::*)(std::size_t);
    static const std::array<operation, 24> operations;

    bool wait_for_burst(std::uint64_t& last);
    // value by reference: it is often an argument beside the call that fills it in.
    void account_read(std::size_t at, std::errc end, const std::uint64_t& value);
    void account_write(std::size_t at, std::errc end, std::uint64_t n);
    static std::errc of_c(int result);

    void try_read(std::size_t at);
    void read(std::size_t at);
    void read_for(std::size_t at);
    void read_until_stopped(std::size_t at);
    void try_write(std::size_t at);
    void write(std::size_t at);
    void write_for(std::size_t at);
    void write_until_stopped(std::size_t at);
    void signal(std::size_t at);
    void signal_deferred(std::size_t at);
    void look(std::size_t at);
    void through_c(std::size_t at);
    void through_c_with_token(std::size_t at);
    void duplicate(std::size_t at);
    void join(std::size_t at);
    void leave(std::size_t at);
    void toggle_nonblock(std::size_t at);
    void set_linger(std::size_t at);
    void live_and_die(std::size_t at);
    void serve(std::size_t at);
    void stop_somebody(std::size_t at);

    dice& d() { return slot_.own_dice; }
    eventfd& object(std::size_t at) { return shared_.subjects[at].object(); }
    std::chrono::microseconds moment() { return std::chrono::microseconds(d().below(4) * d().below(100)); }

    shared_state& shared_;
    thread_slot& slot_;
    std::array<busy_entry, subjects_many> entries_;
    std::array<bool, subjects_many> joined_{};
};

} // namespace efd::stress
