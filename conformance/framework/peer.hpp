// SPDX-License-Identifier: MIT
// conformance/framework/peer.hpp: a second process that has attached to the same arena, and makes calls there for
// threads of this one.
//
// Owns the process, the arena of this side, and memory with a place for each call that may run at once. A thread of the
// peer serves each place, so calls that sleep do not hinder others. The peer has the arena at another address.
// Semaphores pass the calls on, since faulty libraries under test lose wakes of futexes. Made by the claim's thread
// while it is the only one (it forks); then any thread may ask. Invariant: a peer that dies ends the claim as a
// difference.
#pragma once

#include <efd/efd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <semaphore.h>

#include <sys/types.h>

namespace efd::claims {

enum class peer_call : unsigned char { make, put, read, read_some, write, signal, poll, count, flags, set_nonblock };

class peer {
  public:
    struct answer {
        int error = 0;           // an errno
        std::uint64_t value = 0; // what was read or looked at; of make: the object, as the peer names it
        std::uint64_t id = 0;    // of make: the object's id in the arena
    };

    // The thread of the peer that makes a call now, and its place.
    struct thread {
        std::size_t place = 0;
        pid_t tid = 0; // 0: none
    };

    peer();
    ~peer();
    peer& operator=(peer&&) = delete; // neither copied nor moved

    // Why there is no such process with the arena: an errno, or 0.
    [[nodiscard]] int refused() const { return refused_; }
    [[nodiscard]] efd_arena_t* arena() const { return arena_; }
    [[nodiscard]] pid_t pid() const { return pid_; }
    // Whether this process made it, and not the parent of a fork.
    [[nodiscard]] bool is_of_this_process() const;

    // Has the peer make this call, and waits for its end. `object` as the peer names it; value: the argument, and what
    // stands in the place of a read before; most: of read_some, and the flags of make.
    answer ask(peer_call what, std::uint64_t object, std::uint64_t value = 0, std::uint64_t most = 0);
    // Who makes a call for that thread of this process.
    [[nodiscard]] thread caller_for(pid_t tid) const;

  private:
    struct place {
        std::atomic<pid_t> caller{0}; // the thread of this process whose call it is; 0: free
        std::atomic<pid_t> server{0}; // the thread of the peer
        sem_t asked;
        sem_t answered;
        peer_call what{};
        std::uint64_t object = 0;
        std::uint64_t most = 0;
        answer said;
    };
    struct shared_part {
        sem_t ready;
        int refused = 0;
        std::array<place, 16> places;
    };

    static void serve(shared_part& shared, efd_arena_t* arena, place& at);
    [[noreturn]] static void run(shared_part& shared, int socket, pid_t parent);
    void start();
    place& take_place();
    void await(sem_t& event);

    pid_t owner_;
    pid_t pid_ = 0;
    int refused_ = 0;
    efd_arena_t* arena_ = nullptr;
    shared_part* shared_ = nullptr;
    std::atomic<bool> is_dead_{false};
};

} // namespace efd::claims
