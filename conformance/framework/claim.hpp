// SPDX-License-Identifier: MIT
// conformance/framework/claim.hpp: the rows of docs/semantics.md as code that runs on any backend; the base of `efd
// check` and of the tests.
//
// Owns the list of claims. One claim is one function for all backends. A claim says what it needs; the runner asks it
// of each backend that offers that, each time in a process of its own, so that limits, handlers and hangs stay there.
// Registration happens before main. Invariant: a claim function holds, or names what differed, or says why this machine
// cannot provoke it.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace efd::claims {

class number_calls; // number_calls.hpp

// What a claim can be asked of.
enum class needs : unsigned char {
    object,     // create, read, write, poll, signal: every backend
    id,         // the smallest free id: all but two processes, whose arena gives slots out as they come
    number,     // calls on a number, by number_calls: kernel, descriptor; the drop-in, preloaded
    descriptor, // a descriptor whose count the kernel keeps: kernel; the drop-in, preloaded
    watched,    // a number at which each write is an edge: kernel; the drop-in; descriptor, made with EFD_EVERY
    in_process, // the kernel's inner interface (section L), which only the library shows
};

enum class verdict : unsigned char {
    holds,
    differs,
    not_provoked,   // this machine cannot bring it about; the detail says why
    not_applicable, // the backend does not offer what the claim needs
};

struct outcome {
    verdict result = verdict::holds;
    std::string detail; // what differed, or why not; empty if it holds
};

// One object of a backend. Errors are errno values, zero is success; errno itself is not used.
class object {
  public:
    virtual ~object() = default;
    virtual int read(std::uint64_t& value) = 0;
    // Up to `most` units of a semaphore. From the kernel's by that many reads, which is the same if no other thread
    // reads between.
    virtual int read_some(std::uint64_t& value, std::uint64_t most);
    virtual int write(std::uint64_t value) = 0;
    // Adds one as a driver of the kernel does: never blocks, saturates. The kernel backend uses an AIO completion
    // (IOCB_FLAG_RESFD); ENOSYS if this machine refuses that.
    virtual int signal() = 0;
    // The poll mask for a caller that asks for everything, in <poll.h> values.
    virtual unsigned poll() = 0;
    virtual std::uint64_t count() = 0; // kernel, descriptor: from fdinfo
    virtual int id() = 0;              // the same
    virtual bool semaphore() = 0;      // the same
    virtual int set_nonblock(bool on) = 0;
    virtual bool nonblock() = 0;
    // The number that names it, or -1; poll(2) and similar calls accept it.
    virtual int number() const { return -1; }
    // The same number if plain system calls on it reach the count, else -1.
    virtual int descriptor() const { return -1; }
    // Whether thread `tid` of this process is asleep in a read or write of this object, and not running (kernel:
    // /proc/self/task/TID/syscall says read or write on the descriptor; library, descriptor: a futex inside the
    // object).
    virtual bool has_sleeper(pid_t tid) = 0;
    // How often thread `tid` of this process, or the thread that makes its calls, has gone to sleep of its own accord.
    virtual long sleeps_of(pid_t tid);
};

class backend {
  public:
    virtual ~backend() = default;
    virtual std::string_view name() const = 0;
    virtual bool offers(needs what) const = 0;
    // Only if it offers needs::number.
    virtual const number_calls& calls() const { throw std::logic_error("this backend has no numbers"); }
    // The flags to add for the objects of a claim that needs this.
    virtual int flags_for([[maybe_unused]] needs what) const { return 0; }
    // The flag bits that the kernel does not know and this backend accepts (K-002).
    virtual int own_flags() const { return 0; }
    // K-128; false: distinct ids, and no more.
    virtual bool gives_smallest_id() const { return true; }
    // From now on, or no longer, this thread's own calls are made by this process, where its signals reach them. Only
    // two processes have a choice.
    virtual void keep_calls_here([[maybe_unused]] bool kept) {}
    // A new object, or null with `error` set. flags as in <sys/eventfd.h>, passed on unchecked.
    virtual std::unique_ptr<object> make(std::uint64_t initval, int flags, int& error) = 0;
};

std::unique_ptr<backend> kernel_backend();
std::unique_ptr<backend> library_backend();    // efd_create and what goes with it
std::unique_ptr<backend> descriptor_backend(); // efd_eventfd and efd_fd_*
// The same two with EFD_SHARED: objects in an arena, and the kernel's eventfds through efd_fd_*.
std::unique_ptr<backend> shared_backend();
std::unique_ptr<backend> shared_descriptor_backend();
std::unique_ptr<backend> two_processes_backend(); // an object of an arena; calls and looks by different processes

// A claim function's tool: makes objects, notes differences.
class trial {
  public:
    explicit trial(backend& on, needs what = needs::object) : backend_(on), flags_(on.flags_for(what)) {}

    backend& on() { return backend_; }
    const number_calls& calls() const { return backend_.calls(); }
    // An object that must exist; if it cannot be made, the trial ends at once (by an exception that the runner
    // catches).
    std::unique_ptr<object> make(std::uint64_t initval = 0, int flags = 0);

    // Notes a difference if it does not hold; the claim goes on. `what` is a short phrase: "read at count 0 says
    // EAGAIN".
    void expect(bool as_claimed, std::string_view what);
    template <class A, class B>
    void expect_equal(const A& found, const B& claimed, std::string_view what) {
        if (!(found == static_cast<A>(claimed))) differs(what, describe(found), describe(static_cast<A>(claimed)));
    }
    // The same for errno values, which it names.
    void expect_error(int found, int claimed, std::string_view what);
    // Notes a difference and ends the trial, when later steps would make no sense.
    [[noreturn]] void abandon(std::string_view what);
    // Ends the trial as not provoked, with a reason; differences noted before stand.
    [[noreturn]] void not_here(std::string_view why);

    outcome result() const;

  private:
    template <class T>
    static std::string describe(const T& value) {
        if constexpr (std::is_enum_v<T>)
            return std::to_string(static_cast<long long>(value));
        else if constexpr (std::is_arithmetic_v<T>)
            return std::to_string(value);
        else
            return std::string(value);
    }
    void differs(std::string_view what, const std::string& found, const std::string& claimed);

    backend& backend_;
    int flags_;
    std::string differences_;
};

struct claim {
    std::string_view id;    // "K-031"; lives as long as the program
    std::string_view title; // the row of docs/semantics.md, in a few words
    needs wants;
    void (*run)(trial&);
};

// All claims, ordered by id.
const std::vector<claim>& all_claims();

// How long one claim may take on one backend, on a machine under any load.
inline constexpr std::chrono::milliseconds claim_bound{120'000};

// Runs one claim on one backend in a child process, with a bound on its time; a child that hangs or dies "differs". The
// calling process must have one thread (it forks).
outcome run_isolated(const claim& which, backend& on, std::chrono::milliseconds bound = claim_bound);

struct registration {
    // name: the id as CLAIM takes it, "K_031".
    registration(std::string_view name, std::string_view title, needs wants, void (*run)(trial&));
};

// CLAIM(K_031, object, "adds the value, returns 8") { auto o = t.make(); ... t.expect(...); }
#define CLAIM(name, wants, title)                                                                                      \
    static void claim_##name(::efd::claims::trial& t);                                                                 \
    static const ::efd::claims::registration registered_##name{#name, title, ::efd::claims::needs::wants,              \
                                                               claim_##name};                                          \
    static void claim_##name(::efd::claims::trial& t)

} // namespace efd::claims
