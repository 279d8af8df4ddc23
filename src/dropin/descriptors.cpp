// dropin/descriptors.cpp: see descriptors.hpp.
#include "dropin/descriptors.hpp"

#include "dropin/kernel_calls.hpp"
#include "dropin/parked_count.hpp"
#include "dropin/policy.hpp"
#include "dropin/raw_call.hpp"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

namespace efd::dropin {

constinit notes_of_process noted;

namespace {

constinit base::atomic<bool> is_noting{false};
using number_set = base::atomic<std::uint64_t>[most_descriptors / 64];
constinit number_set epolls;
constinit number_set rings;
constinit base::atomic<bool> any_sets{false}; // is a number in one of them

void put(number_set& all, int fd) noexcept {
    if (static_cast<unsigned>(fd) < most_descriptors)
        all[fd / 64].fetch_or(std::uint64_t{1} << (fd % 64), base::relaxed);
}
void take_out(number_set& all, int fd) noexcept {
    if (static_cast<unsigned>(fd) < most_descriptors)
        all[fd / 64].fetch_and(~(std::uint64_t{1} << (fd % 64)), base::relaxed);
}
bool holds(const number_set& all, int fd) noexcept {
    return static_cast<unsigned>(fd) < most_descriptors && (all[fd / 64].load(base::relaxed) >> (fd % 64) & 1) != 0;
}

// Changes of what numbers stand for: a number is duplicated by one system call, and what it stood for then is known if
// none was in progress before and none had begun behind.
constinit base::atomic<unsigned> changes_begun{0};
constinit base::atomic<unsigned> changes_ended{0};

// The number is below most_descriptors, and the memory is there.
void note(int fd, slot& there) noexcept {
    changes_begun.fetch_add(1, base::acq_rel);
    note_of(fd).store(&there, base::release);
    changes_ended.fetch_add(1, base::acq_rel);
    unsigned seen = noted.end.load(base::relaxed);
    const unsigned end = static_cast<unsigned>(fd) + 1;
    while (seen < end && !noted.end.compare_exchange_weak(seen, end, base::acq_rel, base::relaxed)) {
    }
}

// What `kept` points to, made by the first who needs it; of several at once one has his kept. Null: could not be made.
template <class T, class Make, class Unmake>
T* made_once(base::atomic<T*>& kept, Make make, Unmake unmake) noexcept {
    T* there = kept.load(base::acquire);
    if (there != nullptr) return there;
    T* const mine = make();
    if (mine == nullptr || kept.compare_exchange_strong(there, mine, base::acq_rel, base::acquire)) return mine;
    unmake(mine);
    return there;
}

region* region_made() noexcept {
    return made_once(noted.all, [] { return map_region(nullptr); }, [](region* late) { unmap_region(*late); });
}

constexpr std::size_t notes_length = most_descriptors * sizeof(noted_slot);

noted_slot* notes_mapped() noexcept {
    constexpr int kind = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    const long at = raw_call(SYS_mmap, nullptr, notes_length, PROT_READ | PROT_WRITE, kind, -1, 0);
    // Zeroed pages are null pointers. NOLINTNEXTLINE(performance-no-int-to-ptr): a system call's result
    return is_error(at) ? nullptr : reinterpret_cast<noted_slot*>(at);
}

bool notes_made() noexcept {
    const auto unmap = [](noted_slot* late) { (void)raw_call(SYS_munmap, late, notes_length); };
    return made_once(noted.slots, notes_mapped, unmap) != nullptr;
}

number_look look_at_number(int fd) noexcept {
    const unsigned ended = changes_ended.load(base::acquire);
    const unsigned begun = changes_begun.load(base::acquire);
    return {slot_of(fd), begun, begun == ended};
}
bool is_unchanged(const number_look& seen) noexcept {
    return seen.calm && changes_begun.load(base::acquire) == seen.changes;
}

// False in a child of vfork. One of _Fork or clone, of which nobody told, is learnt of here.
bool table_is_my_own() noexcept {
    if (is_unknown_child()) {
        mark_forked();
        learn_process();
    }
    return memory_is_my_own();
}

} // namespace

void begin_noting(const char* path) noexcept {
    if (path != nullptr) noted.all.store(map_region(path), base::release);
    is_noting.store(true, base::relaxed);
}

void end_noting() noexcept { is_noting.store(false, base::relaxed); }
void end_looking() noexcept { noted.end.store(0, base::release); }
bool notes() noexcept { return is_noting.load(base::relaxed); }

void note_created(int fd, unsigned initval, unsigned flags, const void* site) noexcept {
    if (!is_noting.load(base::relaxed) || static_cast<unsigned>(fd) >= most_descriptors || !table_is_my_own()) return;
    watch_for_children();
    region* const all = notes_made() ? region_made() : nullptr;
    const std::uint32_t number = all == nullptr ? 0 : take_slot(*all);
    if (number == 0) return;
    slot& made = all->slots[number];
    made.semaphore.store((flags & EFD_SEMAPHORE) != 0 ? 1 : 0, base::relaxed);
    made.holders.store(1, base::relaxed);
    made.process = static_cast<std::uint32_t>(myself() >> 32);
    made.descriptor = fd;
    write_site(made, site);
    begin_policy(made, initval);
    note(fd, made);
}

namespace {

void forget_sets(int fd) noexcept {
    if ((!holds(epolls, fd) && !holds(rings, fd)) || !memory_is_my_own()) return;
    take_out(epolls, fd);
    take_out(rings, fd);
}

// One number more, unless the last of them has gone: then nobody else has it, and it may stay the kernel's. After a
// fork there are more than are counted.
bool hold(slot& there) noexcept {
    std::uint32_t seen = there.holders.load(base::relaxed);
    while (seen > 0 || there.forked.load(base::acquire) != 0)
        if (there.holders.compare_exchange_weak(seen, seen + 1, base::acq_rel, base::relaxed)) return true;
    return false;
}

// `to` is a number of the slot's.
void note_another(slot& there, int from, int to) noexcept {
    if (slot_of(to) == &there) return;
    if (static_cast<unsigned>(to) >= most_descriptors || !table_is_my_own())
        return demote(there, from, reason::executed);
    if (hold(there)) note(to, there);
}

bool is_same_file(int one, int other) noexcept {
    const long process = raw_call(SYS_getpid);
    constexpr long kcmp_file = 0;
    return raw_call(SYS_kcmp, process, process, kcmp_file, one, other) == 0;
}

// `made` was duplicated from a number that stood for one thing and another meanwhile. Where not even the kernel can
// tell which of ours it is, there may be one that is read unseen.
void note_what_it_is(int from, int made) noexcept {
    constexpr int most_looks = 100;
    number_look seen;
    bool is_same = false;
    for (int looks = 0; looks < most_looks; ++looks) {
        seen = look_at_number(from);
        is_same = is_same_file(made, from);
        if (is_unchanged(seen)) break;
        (void)raw_call(SYS_sched_yield);
    }
    if (is_same) {
        if (seen.there == nullptr) return;
        note_another(*seen.there, from, made);
        (void)hand_back(*seen.there, from); // who has read by the new number already was not seen
        return;
    }
    if (is_anonymous(made)) for_each([](int fd, slot& there) { demote(there, fd, reason::executed); });
}

} // namespace

void number_change::take_note(int fd, slot& there) noexcept {
    begin_quiet(quiet_, there, fd);
    changes_begun.fetch_add(1, base::acq_rel);
    counted_ = true;
    taken_ = take_away(note_of(fd));
}

void number_change::before_closed(int fd) noexcept {
    if (any_sets.load(base::relaxed)) forget_sets(fd);
    slot* const there = slot_of(fd);
    if (there == nullptr) return;
    if (!table_is_my_own()) return demote(*there, fd, reason::executed); // while the number is still the eventfd's
    what_ = kind::closed;
    take_note(fd, *there);
}

void number_change::before_duplicated(int from) noexcept {
    if (!any_noted() && !any_sets.load(base::relaxed)) return;
    what_ = kind::duplicated;
    from_ = from;
    source_ = look_at_number(from);
}

void number_change::before_replaced(int from, int to) noexcept {
    before_duplicated(from);
    if (what_ == kind::nothing) return;
    if (any_sets.load(base::relaxed)) forget_sets(to);
    slot* const there = slot_of(to);
    to_ = to;
    if (there == source_.there || raw_call(SYS_fcntl, from, F_GETFD) < 0) return;
    rlimit most{};
    if (raw_call(SYS_prlimit64, 0, RLIMIT_NOFILE, nullptr, &most) == 0 && static_cast<rlim_t>(to) >= most.rlim_cur)
        return;
    what_ = kind::replaced;
    // Somebody may have looked what is noted of `to` already, and is about to read by it.
    if (source_.there != nullptr) demote(*source_.there, from, reason::replaced);
    if (there == nullptr) {
        changes_begun.fetch_add(1, base::acq_rel);
        counted_ = true;
    } else if (!table_is_my_own()) {
        demote(*there, to, reason::executed);
    } else {
        take_note(to, *there);
    }
    if (counted_) ++source_.changes; // its own is none of another's
}

void number_change::after(int result) noexcept {
    if (what_ == kind::nothing) return;
    const bool known = is_unchanged(source_) && slot_of(from_) == source_.there;
    if (what_ == kind::replaced && result < 0 && taken_ != nullptr) {
        note(to_, *taken_); // it is the eventfd's still
        taken_ = nullptr;
    } else if (what_ != kind::closed && result >= 0) {
        if (is_noted_epoll(from_)) note_epoll(result);
        if (known && source_.there != nullptr) note_another(*source_.there, from_, result);
    }
    if (counted_) changes_ended.fetch_add(1, base::acq_rel);
    if (what_ != kind::closed && result >= 0 && !known) note_what_it_is(from_, result);
    end_quiet(quiet_);
    if (taken_ != nullptr) let_go_of_slot(*taken_);
}

void mark_forked() noexcept {
    for_each([](int, slot& there) { there.forked.store(1, base::relaxed); });
}

void forget(int fd) noexcept {
    number_change change;
    change.before_closed(fd);
    change.after(0);
}

void forget_range(unsigned first, unsigned last) noexcept {
    const unsigned end = noted.end.load(base::acquire);
    for (unsigned fd = first; fd <= last && fd < end; ++fd) forget(static_cast<int>(fd));
}

bool is_noted_as(int fd, slot& there) noexcept {
    if (static_cast<unsigned>(fd) >= noted.end.load(base::acquire)) return false;
    return stands_for(note_of(fd), there);
}

void note_epoll(int epoll) noexcept {
    put(epolls, epoll);
    any_sets.store(true, base::relaxed);
}
bool is_noted_epoll(int epoll) noexcept { return holds(epolls, epoll); }
void note_ring(int fd) noexcept {
    put(rings, fd);
    any_sets.store(true, base::relaxed);
}
void forget_ring(int fd) noexcept { take_out(rings, fd); }
bool is_noted_ring(int fd) noexcept { return holds(rings, fd); }

} // namespace efd::dropin
