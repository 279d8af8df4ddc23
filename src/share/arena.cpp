// SPDX-License-Identifier: MIT
// share/arena.cpp: see arena.hpp.
#include "share/arena.hpp"

#include "os/fd.hpp"
#include "os/fork_lock.hpp"
#include "os/futex.hpp"
#include "os/process.hpp"
#include "share/patience.hpp"

#include <efd/detail/base/check.hpp>

#include <algorithm>
#include <mutex>
#include <new>
#include <pthread.h>
#include <utility>

namespace efd::share {

using base::status;
using core::context;

// The arenas of this process. The lock is held where one begins or ends, and over a fork.
class all_arenas {
  public:
    // With the lock: one with one reference and nothing in it; null: no memory.
    static arena* take() noexcept {
        sweep();
        arena* one = first;
        while (one != nullptr && one->is_in_use_) one = one->next_;
        if (one == nullptr) {
            one = new (std::nothrow) arena;
            if (one == nullptr) return nullptr;
            one->next_ = first;
            first = one;
        }
        one->is_in_use_ = true;
        one->handles_.init();
        return one;
    }

    // Ends every arena that nobody uses any more. With the lock.
    static void sweep() noexcept {
        for (arena* one = first; one != nullptr; one = one->next_)
            if (one->is_in_use_ && one->handles_.is_zero() && (!one->memory_.is_mapped() || one->objects_.is_idle()) &&
                (!one->had_sets_.load(base::relaxed) || nobody_wakes()))
                one->end();
    }

    // SHARED_BED. Looks for some microseconds: a waker is not there for longer, unless it is stopped.
    static bool nobody_wakes() noexcept {
        constexpr int looks = 1000;
        for (int look = 0; look < looks; ++look)
            if (core::bed_wakers.fetch_add(0, base::acq_rel) == 0) return true; // SHARED_BED, sweep
        return false;
    }

    template <class Act>
    static void each(Act act) noexcept {
        for (arena* one = first; one != nullptr; one = one->next_)
            if (one->is_in_use_ && one->memory_.is_mapped()) act(*one);
    }
    static void before_fork() noexcept {
        lock.before_fork();
        each([](arena& one) { one.before_fork(); });
        range_before_fork();
    }
    static void in_parent() noexcept {
        range_after_fork();
        each([](arena& one) { one.in_parent(); });
        lock.after_fork();
    }
    static void in_child() noexcept {
        range_after_fork_in_child();
        each([](arena& one) { one.in_child(); });
        core::bed_wakers.store(0, base::relaxed); // of other threads, which are not in the child
        lock.after_fork_in_child();
    }

    static inline constinit os::fork_lock lock;

  private:
    static inline constinit arena* first = nullptr; // reachable for leak checkers
};

namespace {

[[maybe_unused]] const int fork_handlers =
    ::pthread_atfork(all_arenas::before_fork, all_arenas::in_parent, all_arenas::in_child);

constexpr std::uint32_t calls_per_check = 64; // of the life line, where an object is made or found by id

} // namespace

// ---- Birth and death.

arena_parts arena::parts_of() const noexcept {
    return {memory_.mapping().header(), memory_.where(), memory_.first_lock_byte()};
}

life_table arena::table_of(const arena_parts& parts) noexcept {
    const layout& where = parts.where;
    return {&parts.at<process_entry>(where.processes_at),
            &parts.at<base::atomic<std::uint64_t>>(where.rows_at),
            where.processes,
            static_cast<std::size_t>(where.row_bytes / 8),
            parts.first_lock_byte,
            [](void* whose, std::uint32_t index, std::uint32_t serial) noexcept {
                static_cast<arena*>(whose)->objects_.note_death(index, serial);
                static_cast<arena*>(whose)->sets_.note_death(index);
            },
            this};
}

// With the lock of all, so that no fork copies it half begun.
outcome arena::begin(arena_memory&& memory) noexcept {
    os::tell_forks_apart();
    (void)os::restarts_waits_with_deadline(); // asked while no thread sleeps here
    memory_ = std::move(memory);
    const arena_parts parts = parts_of();
    sets_.begin(parts, *memory_.mapping().slots());
    had_sets_.store(false, base::relaxed);
    objects_.begin(parts, *memory_.mapping().slots()); // a claim may find a dead process and what it held
    if (const outcome what = life_line::claim(descriptor(), table_of(parts), line_); what.is_refused()) return what;
    objects_.move_to(line_.index());
    objects_.call_before_looks([](void* whose) noexcept { (void)static_cast<arena*>(whose)->line_.reap(); }, this);
    names_.begin(parts, objects_, line_);
    return refusal::none;
}

// With the lock of all. `act` begins the fresh arena; what it refuses ends it.
template <class Act>
outcome arena::make_one(arena*& made, Act act) noexcept {
    arena* const fresh = all_arenas::take();
    if (fresh == nullptr) return refusal::no_memory;
    const outcome what = act(*fresh);
    if (what.is_refused())
        fresh->end();
    else
        made = fresh;
    return what;
}

outcome arena::of_memory(arena_memory&& memory, arena*& made) noexcept {
    const std::lock_guard only(all_arenas::lock);
    return make_one(made, [&memory](arena& fresh) { return fresh.begin(std::move(memory)); });
}

outcome arena::create(const creation& asked, arena*& made) noexcept {
    arena_memory memory;
    const outcome what = arena_memory::create(asked, memory);
    return what.is_refused() ? what : of_memory(std::move(memory), made);
}

outcome arena::attach(int descriptor, const trust& allowed, arena*& made) noexcept {
    arena_memory memory;
    const outcome what = arena_memory::attach(descriptor, allowed, memory);
    return what.is_refused() ? what : of_memory(std::move(memory), made);
}

outcome arena::place(int descriptor, std::uint64_t offset, const creation& asked, const trust& allowed,
                     arena*& made) noexcept {
    arena_memory memory;
    const outcome what = arena_memory::place(descriptor, offset, asked, allowed, memory);
    return what.is_refused() ? what : of_memory(std::move(memory), made);
}

outcome arena::attach_at(int descriptor, std::uint64_t offset, const trust& allowed, arena*& made) noexcept {
    arena_memory memory;
    const outcome what = arena_memory::attach_at(descriptor, offset, allowed, memory);
    return what.is_refused() ? what : of_memory(std::move(memory), made);
}

outcome arena::receive(int socket, const trust& allowed, arena*& made) noexcept {
    arena_memory memory; // the socket may block: no lock is held
    const outcome what = receive_arena(socket, allowed, memory);
    return what.is_refused() ? what : of_memory(std::move(memory), made);
}

void arena::put() noexcept {
    if (handles_.put() != core::kref::put_result::last) return;
    const std::lock_guard only(all_arenas::lock);
    all_arenas::sweep();
}

// FORK. A child that has no rows of its own leaves the life line and the name of its parent alone.
void arena::end() noexcept {
    if (!objects_.has_rows()) {
        line_.in_child();
        name_.abandon();
    }
    name_ = name_claim();
    line_ = life_line();
    if (memory_.is_mapped()) sets_.close_bells();
    memory_.reset();
    is_in_use_ = false;
}

// ---- By name. The lock of all is held for a try, and with it the lock of the name.

// The memory of the name's arena, from a process that holds it. If no process has the right memory, returns why the
// last one was refused.
outcome arena::find_memory(name_lock& name, const trust& allowed, arena_memory& found) noexcept {
    outcome refused = refusal::none;
    const outcome why = name.find([&](int fd, const identity& wanted) {
        arena_memory one;
        const outcome what = arena_memory::attach(fd, allowed, one);
        const bool is_it = !what.is_refused() && one.own_header().identity == wanted;
        if (what.is_refused()) refused = what;
        if (!is_it) return false;
        os::close_known_fd(fd);
        found = std::move(one);
        return true;
    });
    return why == refusal::not_found && refused.is_refused() ? refused : why;
}

outcome arena::begin_named(name_lock& name, arena_memory&& memory) noexcept {
    if (const outcome what = begin(std::move(memory)); what.is_refused()) return what;
    return name.publish(descriptor(), name_);
}

outcome arena::create_named(name_lock& name, const creation& asked, arena*& made) noexcept {
    arena_memory memory;
    if (const outcome what = arena_memory::create(asked, memory); what.is_refused()) return what;
    if (const outcome what = name.begin(memory.own_header().identity); what.is_refused()) return what;
    return make_one(made, [&](arena& fresh) { return fresh.begin_named(name, std::move(memory)); });
}

outcome arena::open_named(name_lock& name, const trust& allowed, arena*& made) noexcept {
    arena_memory memory;
    if (const outcome what = find_memory(name, allowed, memory); what.is_refused()) return what;
    return make_one(made, [&](arena& fresh) { return fresh.begin_named(name, std::move(memory)); });
}

template <class Act>
outcome arena::by_name(std::string_view name, bool may_make, Act act) noexcept {
    patience left;
    do {
        const std::lock_guard only(all_arenas::lock);
        name_lock own;
        outcome what = own.enter(name, may_make);
        if (!what.is_refused()) what = act(own);
        if (what != refusal::name_busy) return what;
    } while (left.pause());
    return refusal::name_busy;
}

outcome arena::create(std::string_view name, const creation& asked, arena*& made) noexcept {
    return by_name(name, true, [&](name_lock& own) { return create_named(own, asked, made); });
}

outcome arena::open(std::string_view name, const trust& allowed, arena*& made) noexcept {
    return by_name(name, false, [&](name_lock& own) { return open_named(own, allowed, made); });
}

outcome arena::open_or_create(std::string_view name, const creation& asked, const trust& allowed,
                              arena*& made) noexcept {
    return by_name(name, true, [&](name_lock& own) {
        const outcome what = open_named(own, allowed, made);
        return what == refusal::not_found ? create_named(own, asked, made) : what;
    });
}

// ---- A fork, and the end of a life line.

void arena::before_fork() noexcept {
    names_.lock.before_fork();
    objects_.lock.before_fork();
    if (!line_.prepare_child().is_refused()) objects_.copy_row_to(line_.child_index());
}

void arena::in_parent() noexcept {
    line_.in_parent();
    objects_.after_fork();
    names_.lock.after_fork();
}

// FORK: the child's index, lock and row were there before the fork. So nothing of what it holds is free at any moment.
void arena::in_child() noexcept {
    line_.in_child();
    sets_.close_bells(); // a bell is rung through a file of one's own
    if (line_.index() != life_line::no_index) objects_.move_to(line_.index());
    if (name_.record() != name_claim::no_record) (void)name_.renew_in_child();
    objects_.lock.after_fork_in_child();
    names_.lock.after_fork_in_child();
}

// The child of a fork that no handler saw (_Fork, clone), or for which no index was free. What its parent has let go of
// since then may be another object by now.
bool arena::join_again() noexcept {
    const std::lock_guard only(all_arenas::lock);
    if (objects_.has_rows()) return true;
    const std::lock_guard row(objects_.lock);
    if (line_.index() != life_line::no_index) line_.in_child(); // closes the parent's
    if (life_line::claim(descriptor(), table_of(parts_of()), line_).is_refused()) return false;
    objects_.move_to(line_.index());
    objects_.note_all();
    return true;
}

bool arena::is_alive() noexcept {
    if ((objects_.has_rows() || join_again()) && line_.is_ours()) return true;
    calls_.store(0, base::relaxed); // the next call looks as well
    return false;
}

// For calls that are made often.
bool arena::seems_alive() noexcept {
    // One step: a separate store could overwrite the reset in is_alive(), and then calls would pass after a death was
    // seen.
    if (objects_.has_rows() && calls_.fetch_add(1, base::relaxed) % calls_per_check != 0) return true;
    return is_alive();
}

// ---- Objects.

status arena::make(std::uint64_t initval, unsigned flags, context*& made) noexcept {
    if (!core::may_create(initval, flags)) return status::invalid;
    if (!seems_alive()) return status::stale;
    made = objects_.make(initval, flags);
    if (made == nullptr && line_.reap() > 0) made = objects_.make(initval, flags);
    return made == nullptr ? status::no_space : status::ok;
}

status arena::make(std::string_view name, std::uint64_t initval, unsigned flags, context*& made) noexcept {
    if (!directory::is_name(name)) return status::invalid;
    if (!is_alive()) return status::stale;
    context* fresh = nullptr;
    if (const status result = make(initval, flags, fresh); result != status::ok) return result;
    const status result = names_.add(name, objects_.id_of(*fresh));
    if (result == status::ok)
        made = fresh;
    else
        fresh->put();
    return result;
}

status arena::find(object_id id, bool signals, context*& found) noexcept {
    if (!seems_alive()) return status::stale;
    return objects_.find(id, signals, found);
}

status arena::find(std::string_view name, bool signals, context*& found) noexcept {
    if (!directory::is_name(name)) return status::invalid;
    if (!is_alive()) return status::stale;
    object_id id = 0;
    if (const status result = names_.find(name, id); result != status::ok) return result;
    const status result = objects_.find(id, signals, found);
    return result == status::stale ? status::not_found : result; // removed between the two look-ups
}

status arena::remove(std::string_view name) noexcept {
    if (!directory::is_name(name)) return status::invalid;
    return is_alive() ? names_.remove(name) : status::stale;
}

status arena::id_of(const context& object, object_id& id) const noexcept {
    if (!objects_.is_of_this(object)) return status::invalid;
    id = objects_.id_of(object);
    return status::ok;
}

status arena::claim_set(core::set_claim& made) noexcept {
    if (!is_alive()) return status::stale;
    had_sets_.store(true, base::relaxed);
    if (!sets_.claim(line_.index(), made) && (line_.reap() == 0 || !sets_.claim(line_.index(), made)))
        return status::no_space;
    made.look = [](void* whose) noexcept { (void)static_cast<arena*>(whose)->line_.reap(); };
    made.give_back = [](void* whose, const core::set_claim& claim, bool is_owner) noexcept {
        auto& all = *static_cast<arena*>(whose);
        if (is_owner) all.sets_.give_back(claim);
        all.put();
    };
    made.whose = this;
    get();
    return status::ok;
}

status arena::reap(std::uint32_t& dead) noexcept {
    if (!is_alive()) return status::stale;
    dead = line_.reap();
    (void)objects_.free_orphans();
    return status::ok;
}

} // namespace efd::share
