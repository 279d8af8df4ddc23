// SPDX-License-Identifier: MIT
// conformance/framework/two_processes_backend.cpp: objects of an arena that this process and a peer share, behind the
// object interface.
//
// Owns the peer, and one reference of each process to each object. The peer makes the object, this process finds it by
// its id. The peer makes the calls of the claim's first thread; those of its other threads are made here and there in
// turn, so sleepers are in both processes. What an object is like is asked of the process that did not make the last
// call. O_NONBLOCK is each process's own, and is set in both. Any thread may call.
#include "conformance/framework/claim.hpp"
#include "conformance/framework/peer.hpp"
#include "conformance/framework/task.hpp"

#include <efd/arena.h>

#include <atomic>
#include <cerrno>
#include <memory>
#include <unistd.h>

namespace efd::claims {
namespace {

enum class side : unsigned char { undecided, own, peer };

std::atomic<unsigned> other_threads{0};
thread_local side of_this_thread = side::undecided;
thread_local bool is_kept_here = false;

// Where the calls of this thread are made.
bool are_made_here() {
    if (is_kept_here) return true;
    if (of_this_thread == side::undecided) {
        const bool is_first = this_tid() == ::getpid();
        of_this_thread = is_first || other_threads.fetch_add(1) % 2 == 1 ? side::peer : side::own;
    }
    return of_this_thread == side::own;
}

class shared_object final : public object {
  public:
    shared_object(peer& other, efd_t* own, std::uint64_t of_peer) : other_(other), own_(own), of_peer_(of_peer) {}
    ~shared_object() override {
        ::efd_put(own_);
        other_.ask(peer_call::put, of_peer_); // the last: the process that makes objects has the slot at hand again
    }
    shared_object& operator=(shared_object&&) = delete; // neither copied nor moved

    int read(std::uint64_t& value) override {
        const acting in_it(*this);
        return in_it.is_own() ? error_of(::efd_read(own_, &value)) : ask_peer(peer_call::read, value);
    }
    int read_some(std::uint64_t& value, std::uint64_t most) override {
        const acting in_it(*this);
        return in_it.is_own() ? error_of(::efd_read_some(own_, &value, most))
                              : ask_peer(peer_call::read_some, value, most);
    }
    int write(std::uint64_t value) override {
        const acting in_it(*this);
        return in_it.is_own() ? error_of(::efd_write(own_, value)) : ask_peer(peer_call::write, value);
    }
    int signal() override {
        const acting in_it(*this);
        return in_it.is_own() ? error_of(::efd_signal(own_)) : other_.ask(peer_call::signal, of_peer_).error;
    }
    int set_nonblock(bool on) override {
        const int error = other_.ask(peer_call::set_nonblock, of_peer_, on ? 1 : 0).error;
        return error != 0 ? error : error_of(::efd_set_nonblock(own_, on ? 1 : 0));
    }

    unsigned poll() override {
        return looks_here() ? static_cast<unsigned>(::efd_poll(own_)) : static_cast<unsigned>(look(peer_call::poll));
    }
    std::uint64_t count() override { return looks_here() ? ::efd_count(own_) : look(peer_call::count); }
    int id() override { return ::efd_id(own_); }
    // Of this process, which has found the object and did not make it.
    bool semaphore() override { return (::efd_flags(own_) & EFD_SEMAPHORE) != 0; }
    bool nonblock() override {
        const auto flags = looks_here() ? static_cast<unsigned>(::efd_flags(own_)) : look(peer_call::flags);
        return (flags & EFD_NONBLOCK) != 0;
    }

    bool has_sleeper(pid_t tid) override {
        const peer::thread caller = other_.caller_for(tid);
        if (caller.tid == 0) return asleep_inside(tid, own_);
        return asleep_inside(caller.tid, reinterpret_cast<const void*>(static_cast<std::uintptr_t>(of_peer_)),
                             other_.pid());
    }
    // Of the thread that sleeps for it. Distinct for each thread of the peer.
    long sleeps_of(pid_t tid) override {
        constexpr unsigned place_shift = 24;
        const peer::thread caller = other_.caller_for(tid);
        if (caller.tid == 0) return voluntary_switches(tid);
        return (static_cast<long>(caller.place + 1) << place_shift) +
               common::voluntary_switches(caller.tid, other_.pid());
    }

  private:
    // A call, which the other process must not be the one to look at.
    class acting {
      public:
        explicit acting(shared_object& on) : on_(on), is_own_(are_made_here()) { on_.last_is_here_.store(is_own_); }
        ~acting() { on_.last_is_here_.store(is_own_); } // it may have slept
        acting& operator=(acting&&) = delete;           // neither copied nor moved
        [[nodiscard]] bool is_own() const { return is_own_; }

      private:
        shared_object& on_;
        bool is_own_;
    };

    static int error_of(int result) { return result == 0 ? 0 : errno; }
    int ask_peer(peer_call what, std::uint64_t& value, std::uint64_t most = 0) {
        const peer::answer said = other_.ask(what, of_peer_, value, most);
        value = said.value;
        return said.error;
    }
    [[nodiscard]] bool looks_here() const { return !last_is_here_.load(); }
    std::uint64_t look(peer_call what) { return other_.ask(what, of_peer_).value; }

    peer& other_;
    efd_t* own_;
    std::uint64_t of_peer_; // as the peer names it: its address there
    std::atomic<bool> last_is_here_{false};
};

class two_processes final : public backend {
  public:
    std::string_view name() const override { return "two processes"; }
    bool offers(needs what) const override { return what == needs::object; }
    void keep_calls_here(bool kept) override { is_kept_here = kept; }

    std::unique_ptr<object> make(std::uint64_t initval, int flags, int& error) override {
        peer& other = the_peer();
        if ((error = other.refused()) != 0) return nullptr;
        const peer::answer made = other.ask(peer_call::make, 0, initval, static_cast<unsigned>(flags));
        if ((error = made.error) != 0) return nullptr;
        efd_t* const found = ::efd_arena_at(other.arena(), made.id);
        if (found == nullptr) {
            error = errno;
            other.ask(peer_call::put, made.value);
            return nullptr;
        }
        if ((flags & EFD_NONBLOCK) != 0) ::efd_set_nonblock(found, 1);
        return std::make_unique<shared_object>(other, found, made.value);
    }

  private:
    // A claim's process, and a child of it that makes objects, has its own.
    peer& the_peer() {
        if (peer_ != nullptr && !peer_->is_of_this_process()) static_cast<void>(peer_.release());
        if (peer_ == nullptr) peer_ = std::make_unique<peer>();
        return *peer_;
    }

    std::unique_ptr<peer> peer_;
};

} // namespace

std::unique_ptr<backend> two_processes_backend() { return std::make_unique<two_processes>(); }

} // namespace efd::claims
