// SPDX-License-Identifier: MIT
// conformance/framework/peer.cpp: see peer.hpp.
#include "conformance/framework/peer.hpp"

#include "conformance/framework/task.hpp"
#include "conformance/framework/trial_end.hpp"

#include <efd/arena.h>

#include <cerrno>
#include <csignal>
#include <ctime>
#include <new>
#include <string>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace efd::claims {
namespace {

void wait_for(sem_t& event) {
    while (::sem_wait(&event) != 0) { // a signal interrupts it
    }
}

efd_t* object_of(std::uint64_t name) { return reinterpret_cast<efd_t*>(static_cast<std::uintptr_t>(name)); }

// The call itself, by the thread that serves. `said` has the arguments, and gets the outcome.
int make_call(efd_arena_t* arena, peer_call what, efd_t* object, std::uint64_t most, peer::answer& said) {
    const auto error_of = [](int result) { return result == 0 ? 0 : errno; };
    switch (what) {
    case peer_call::make: {
        efd_t* const made = ::efd_arena_make(arena, nullptr, said.value, static_cast<int>(most));
        if (made == nullptr) return errno;
        said.value = reinterpret_cast<std::uintptr_t>(made);
        said.id = ::efd_arena_id(arena, made);
        return 0;
    }
    case peer_call::put: ::efd_put(object); return 0;
    case peer_call::read: return error_of(::efd_read(object, &said.value));
    case peer_call::read_some: return error_of(::efd_read_some(object, &said.value, most));
    case peer_call::write: return error_of(::efd_write(object, said.value));
    case peer_call::signal: return error_of(::efd_signal(object));
    case peer_call::poll: said.value = static_cast<unsigned>(::efd_poll(object)); return 0;
    case peer_call::count: said.value = ::efd_count(object); return 0;
    case peer_call::flags: said.value = static_cast<unsigned>(::efd_flags(object)); return 0;
    case peer_call::set_nonblock: return error_of(::efd_set_nonblock(object, said.value != 0 ? 1 : 0));
    }
    return ENOSYS;
}

std::string end_of(int status) {
    return WIFSIGNALED(status) ? "died by signal " + std::to_string(WTERMSIG(status))
                               : "ended with status " + std::to_string(WEXITSTATUS(status));
}

} // namespace

void peer::serve(shared_part& shared, efd_arena_t* arena, place& at) {
    at.server.store(this_tid(), std::memory_order_release);
    ::sem_post(&shared.ready);
    for (;;) {
        wait_for(at.asked);
        at.said.error = make_call(arena, at.what, object_of(at.object), at.most, at.said);
        ::sem_post(&at.answered);
    }
}

// The life of the peer. An arena of its own comes first, so the shared one is at another address than here.
void peer::run(shared_part& shared, int socket, pid_t parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(0);
    efd_arena_t* const first = ::efd_arena_create(nullptr, nullptr);
    efd_arena_t* const arena = first == nullptr ? nullptr : ::efd_arena_receive(socket, nullptr);
    if (arena == nullptr) {
        shared.refused = errno;
        for (std::size_t i = 0; i < shared.places.size(); ++i) ::sem_post(&shared.ready);
        ::_exit(0);
    }
    std::vector<std::thread> threads;
    for (place& one : shared.places) threads.emplace_back([&shared, arena, &one] { serve(shared, arena, one); });
    for (std::thread& one : threads) one.join(); // never
    ::_exit(0);
}

void peer::start() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        refused_ = errno;
        return;
    }
    const pid_t parent = ::getpid();
    pid_ = ::fork();
    if (pid_ == 0) run(*shared_, ends[1], parent);
    efd_arena_options options{};
    options.first_look_ms = EFD_ARENA_NO_LOOK; // a wake that is lost stays lost
    arena_ = pid_ < 0 ? nullptr : ::efd_arena_create(nullptr, &options);
    if (arena_ == nullptr || ::efd_arena_send(arena_, ends[0]) != 0) refused_ = errno;
    ::close(ends[0]);
    ::close(ends[1]);
    if (refused_ != 0) return;
    for (std::size_t i = 0; i < shared_->places.size(); ++i) await(shared_->ready);
    refused_ = shared_->refused;
}

peer::peer() : owner_(::getpid()) {
    void* const memory =
        ::mmap(nullptr, sizeof(shared_part), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        refused_ = ENOMEM;
        return;
    }
    shared_ = new (memory) shared_part;
    ::sem_init(&shared_->ready, 1, 0);
    for (place& one : shared_->places) {
        ::sem_init(&one.asked, 1, 0);
        ::sem_init(&one.answered, 1, 0);
    }
    start();
}

peer::~peer() {
    if (is_of_this_process() && pid_ > 0 && !is_dead_.load()) {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    ::efd_arena_close(arena_);
    if (shared_ != nullptr) ::munmap(shared_, sizeof(shared_part));
}

bool peer::is_of_this_process() const { return owner_ == ::getpid(); }

// An event that only the peer brings about. Its death is no such event, so it is looked for now and then.
void peer::await(sem_t& event) {
    constexpr long between_looks_ns = 100'000'000;
    for (;;) {
        timespec until{};
        ::clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += between_looks_ns;
        until.tv_sec += until.tv_nsec / 1'000'000'000;
        until.tv_nsec %= 1'000'000'000;
        if (::sem_timedwait(&event, &until) == 0) return;
        int status = 0;
        if (errno != ETIMEDOUT || ::waitpid(pid_, &status, WNOHANG) != pid_) continue;
        is_dead_.store(true);
        if (end_process_with) end_process_with({verdict::differs, "the other process " + end_of(status)});
        throw std::runtime_error("the other process " + end_of(status));
    }
}

// More calls at once than places is more than any claim makes: they wait for one.
peer::place& peer::take_place() {
    const pid_t tid = this_tid();
    for (std::size_t i = static_cast<std::size_t>(tid);; ++i) {
        place& one = shared_->places[i % shared_->places.size()];
        pid_t nobody = 0;
        if (one.caller.compare_exchange_strong(nobody, tid, std::memory_order_acquire)) return one;
    }
}

peer::answer peer::ask(peer_call what, std::uint64_t object, std::uint64_t value, std::uint64_t most) {
    place& used = take_place();
    used.what = what;
    used.object = object;
    used.most = most;
    used.said = {0, value, 0};
    ::sem_post(&used.asked);
    await(used.answered);
    const answer said = used.said;
    used.caller.store(0, std::memory_order_release);
    return said;
}

peer::thread peer::caller_for(pid_t tid) const {
    for (std::size_t i = 0; i < shared_->places.size(); ++i) {
        const place& one = shared_->places[i];
        if (one.caller.load(std::memory_order_acquire) == tid) return {i, one.server.load(std::memory_order_acquire)};
    }
    return {};
}

} // namespace efd::claims
