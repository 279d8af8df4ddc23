// SPDX-License-Identifier: MIT
// api/efd_arena.cpp: the C border of arenas. Checks null pointers, turns refusals and statuses into errno, and keeps
// the sentence of the last refusal for each thread.
#include <efd/efd.h>

#include "api/arena_options.hpp"
#include "api/arena_set.hpp"
#include "api/c_border.hpp"
#include "api/made.hpp"
#include "share/arena.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <new>

using efd::api::answer;
using efd::api::fail;
using efd::api::null_among;
using efd::base::status;
using efd::core::context;
using efd::share::arena;
using efd::share::outcome;
using efd::share::refusal;

namespace {

constinit thread_local refusal last_refusal = refusal::none;

arena* inside(efd_arena_t* given) noexcept { return reinterpret_cast<arena*>(given); }
const arena* inside(const efd_arena_t* given) noexcept { return reinterpret_cast<const arena*>(given); }
efd_t* outside(context* object) noexcept { return reinterpret_cast<efd_t*>(object); }

int answer_outcome(const outcome& what) noexcept {
    last_refusal = what.why;
    return what.is_refused() ? fail(efd::share::errno_of(what)) : 0;
}

template <class Reserved>
bool is_zero(const Reserved& reserved) noexcept {
    return std::ranges::all_of(reserved, [](std::uint32_t word) { return word == 0; });
}

constexpr std::uint32_t given_or(std::uint32_t given, std::uint32_t usual) noexcept {
    return given != 0 ? given : usual;
}

// False: a field of a later version, or one that is beyond its bound.
bool creation_of(const efd_arena_options* options, efd::share::creation& made) noexcept {
    made = {};
    if (options == nullptr) return true;
    const efd_arena_options& o = *options;
    const bool looks = o.first_look_ms != EFD_ARENA_NO_LOOK;
    efd::share::numbers& size = made.size;
    size.slots = given_or(o.slots, size.slots);
    size.processes = given_or(o.processes, size.processes);
    size.names = o.names;
    size.first_look_ms = looks ? efd::api::look_ms(given_or(o.first_look_ms, size.first_look_ms)) : 0;
    size.last_look_ms = efd::api::look_ms(given_or(o.last_look_ms, std::max(size.last_look_ms, size.first_look_ms)));
    size.sets = given_or(o.sets, size.sets);
    made.mode = given_or(o.mode, made.mode);
    made.is_sparse = o.sparse != 0;
    return is_zero(o.reserved);
}

bool trust_of(const efd_arena_trust* given, efd::share::trust& allowed) noexcept {
    allowed = {};
    if (given == nullptr) return true;
    allowed.unsealed = given->unsealed != 0;
    allowed.other_owner = given->other_owner != 0;
    allowed.mode = given_or(given->mode, allowed.mode);
    return is_zero(given->reserved);
}

struct wishes {
    efd::share::creation size;
    efd::share::trust allowed;
    bool are_valid;
    wishes(const efd_arena_options* options, const efd_arena_trust* trust) noexcept
        : are_valid(creation_of(options, size) && trust_of(trust, allowed)) {}
};

// Make: the call of the room, with the arena to be made as its last argument.
template <class Make>
efd_arena_t* made_by(const wishes& asked, Make make) noexcept {
    arena* made = nullptr;
    const outcome what = asked.are_valid ? make(made) : outcome(refusal::invalid_options);
    return answer_outcome(what) == 0 ? reinterpret_cast<efd_arena_t*>(made) : nullptr;
}

efd_arena_t* no_name() noexcept {
    last_refusal = refusal::invalid_name;
    errno = EFAULT;
    return nullptr;
}

// Look: a call that gives an object.
template <class Look>
efd_t* object_of(const efd_arena_t* in, Look look) noexcept {
    context* found = nullptr;
    if (in == nullptr) {
        errno = EBADF;
        return nullptr;
    }
    return answer(look(found)) == 0 ? outside(found) : nullptr;
}

struct named {
    efd::share::object_name name;
    std::uint64_t id;
};

efd_t* found_by(efd_arena_t* given, const char* name, bool signals) noexcept {
    return object_of(given, [&](context*& found) {
        return name == nullptr ? status::fault : inside(given)->find(name, signals, found);
    });
}

efd_t* found_by(efd_arena_t* given, std::uint64_t id, bool signals) noexcept {
    return object_of(given,
                     [&](context*& found) { return inside(given)->find(efd::share::object_id{id}, signals, found); });
}

// Inlined, as it notes who called the function of the interface.
[[gnu::always_inline]] inline efd_t* reported(efd_t* object, const char* name = nullptr) noexcept {
    efd::api::report_made(reinterpret_cast<context*>(object), name == nullptr ? "" : name);
    return object;
}

} // namespace

extern "C" {

efd_arena_t* efd_arena_create(const char* name, const efd_arena_options* options) noexcept {
    const wishes asked(options, nullptr);
    return made_by(asked, [&](arena*& made) {
        return name == nullptr ? arena::create(asked.size, made) : arena::create(name, asked.size, made);
    });
}

efd_arena_t* efd_arena_open(const char* name, const efd_arena_trust* trust) noexcept {
    if (name == nullptr) return no_name();
    const wishes asked(nullptr, trust);
    return made_by(asked, [&](arena*& made) { return arena::open(name, asked.allowed, made); });
}

efd_arena_t* efd_arena_open_or_create(const char* name, const efd_arena_options* options,
                                      const efd_arena_trust* trust) noexcept {
    if (name == nullptr) return no_name();
    const wishes asked(options, trust);
    return made_by(asked, [&](arena*& made) { return arena::open_or_create(name, asked.size, asked.allowed, made); });
}

efd_arena_t* efd_arena_attach(int fd, const efd_arena_trust* trust) noexcept {
    const wishes asked(nullptr, trust);
    return made_by(asked, [&](arena*& made) { return arena::attach(fd, asked.allowed, made); });
}

efd_arena_t* efd_arena_place(int fd, std::uint64_t offset, const efd_arena_options* options,
                             const efd_arena_trust* trust) noexcept {
    const wishes asked(options, trust);
    return made_by(asked, [&](arena*& made) { return arena::place(fd, offset, asked.size, asked.allowed, made); });
}

efd_arena_t* efd_arena_attach_at(int fd, std::uint64_t offset, const efd_arena_trust* trust) noexcept {
    const wishes asked(nullptr, trust);
    return made_by(asked, [&](arena*& made) { return arena::attach_at(fd, offset, asked.allowed, made); });
}

int efd_arena_send(efd_arena_t* given, int socket) noexcept {
    return given == nullptr ? fail(EBADF) : answer_outcome(inside(given)->send(socket));
}

efd_arena_t* efd_arena_receive(int socket, const efd_arena_trust* trust) noexcept {
    const wishes asked(nullptr, trust);
    return made_by(asked, [&](arena*& made) { return arena::receive(socket, asked.allowed, made); });
}

void efd_arena_close(efd_arena_t* given) noexcept {
    if (given != nullptr) inside(given)->put();
}

const char* efd_arena_refusal(void) noexcept { return efd::share::sentence_of(last_refusal); }

efd_t* efd_arena_make(efd_arena_t* given, const char* name, std::uint64_t initval, int flags) noexcept {
    const auto bits = static_cast<unsigned>(flags);
    efd_t* const born = object_of(given, [&](context*& made) {
        return name == nullptr ? inside(given)->make(initval, bits, made)
                               : inside(given)->make(name, initval, bits, made);
    });
    return reported(born, name);
}

efd_wait_set_t* efd_arena_set(efd_arena_t* given) noexcept {
    efd::watch::set_core* made = nullptr;
    if (given == nullptr)
        errno = EBADF;
    else
        (void)answer(efd::api::make_set(*inside(given), made));
    return reinterpret_cast<efd_wait_set_t*>(made);
}

efd_t* efd_arena_find(efd_arena_t* given, const char* name) noexcept {
    return reported(found_by(given, name, true), name);
}
efd_t* efd_arena_find_waiting(efd_arena_t* given, const char* name) noexcept {
    return reported(found_by(given, name, false), name);
}
efd_t* efd_arena_at(efd_arena_t* given, std::uint64_t id) noexcept { return reported(found_by(given, id, true)); }
efd_t* efd_arena_at_waiting(efd_arena_t* given, std::uint64_t id) noexcept {
    return reported(found_by(given, id, false));
}

std::uint64_t efd_arena_id(const efd_arena_t* given, const efd_t* efd) noexcept {
    efd::share::object_id id = 0;
    if (given == nullptr || efd == nullptr)
        errno = EBADF;
    else if (inside(given)->id_of(*reinterpret_cast<const context*>(efd), id) != status::ok)
        errno = EINVAL;
    return id;
}

int efd_arena_remove(efd_arena_t* given, const char* name) noexcept {
    if (const int error = null_among(given, name); error != 0) return fail(error);
    return answer(inside(given)->remove(name));
}

// The names are copied first, as the callback may call what takes their lock.
int efd_arena_list(efd_arena_t* given, void (*callback)(const char* name, std::uint64_t id, void* context),
                   void* context) noexcept {
    if (given == nullptr) return fail(EBADF);
    if (callback == nullptr) return fail(EFAULT);
    const std::unique_ptr<named[]> all(new (std::nothrow) named[inside(given)->where().names]);
    if (all == nullptr) return fail(ENOMEM);
    std::size_t number = 0;
    const auto note = [&](const efd::share::object_name& name, std::uint64_t id) { all[number++] = {name, id}; };
    if (const status result = inside(given)->each_name(note); result != status::ok) return answer(result);
    for (std::size_t i = 0; i < number; ++i) callback(all[i].name.text.data(), all[i].id, context);
    return static_cast<int>(number);
}

int efd_arena_reap(efd_arena_t* given) noexcept {
    if (given == nullptr) return fail(EBADF);
    std::uint32_t dead = 0;
    const status result = inside(given)->reap(dead);
    return answer(result, static_cast<int>(dead));
}

int efd_arena_fd(const efd_arena_t* given) noexcept {
    return given == nullptr ? fail(EBADF) : inside(given)->descriptor();
}

int efd_arena_slots(const efd_arena_t* given) noexcept {
    return given == nullptr ? fail(EBADF) : static_cast<int>(inside(given)->where().slots);
}

} // extern "C"
