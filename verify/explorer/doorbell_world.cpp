// SPDX-License-Identifier: MIT
// What the scenarios of the doorbell are made of: see doorbell_world.hpp.
#include "explorer/doorbell_world.hpp"

#include "explorer/tell.hpp"
#include "os/eventfd.hpp"

#include <array>

namespace explore {
namespace {

using efd::base::status;
using efd::core::context_layout;
using efd::watch::doorbell;

struct hall {
    int fd = -1;
    bool watched = false; // somebody was given the descriptor
    ring_way way = ring_way::level;
    bool began_above_zero = false;
    std::array<bool, max_threads> in_call{};
    std::uint64_t reads = 0;   // that took something
    bool from_outside = false; // somebody else has rung, and no read need have noticed
    bool is_hasty = false;     // the second request without an answer overtakes
    bool is_heard = false;     // somebody listens to each add
    std::uint64_t heard = 0;   // adds that had begun at the last event of who listens
    std::uint64_t arms = 0;    // that found nothing
    std::uint64_t before = 0;  // the bell's word when the threads begin
};
hall* fixture = nullptr;

std::size_t running() noexcept { return static_cast<std::size_t>(the_machine().running()); }

const char* fault_at_rest() noexcept {
    if (fixture->from_outside) return nullptr;
    return fixture->fd < 0 || fixture->way == ring_way::armed ? nullptr
                                                              : level_fault(w().object, fixture->fd, fixture->way);
}

// A thread that finds `armed` clear above zero leaves the ringing to others: the ring must be done, in any state.
const char* fault_in_passing() noexcept {
    // OVERTAKEN: a thread that was overtaken may note a ring that is gone, until it comes back.
    if (fixture->is_hasty || fixture->fd < 0 || fixture->way == ring_way::armed) return nullptr;
    const efd::core::state_word word = context_layout::newest_state(w().object);
    const bool trusted = (word & efd::core::rung_mark) != 0 && !efd::core::is_armed(word);
    if (efd::core::is_sealed(word) || !trusted || units_in(doorbell_word(fixture->fd)) > 0) return nullptr;
    return "no add will ring, and the descriptor is not readable";
}

// E7, when an add returns: a level descriptor is readable, and no loop sleeps beside what was added. A ring that was
// taken away while this very call ran is excused: the thread that took it rings again; if it is stopped before that,
// the next add does.
const char* fault_after_add(std::uint64_t silences_before) noexcept {
    if (!the_machine().stops() || fixture->fd < 0 || returned_units() == 0) return nullptr;
    const std::uint64_t doorbell = doorbell_word(fixture->fd);
    if (silences_of(doorbell) != silences_before) return nullptr;
    if (fixture->way != ring_way::armed && fixture->watched && units_in(doorbell) == 0)
        return "a write has returned, and the descriptor is silent";
    for (const thread_state& t : the_machine().now.threads)
        if (t.alive == life::runnable && t.pending != nullptr && t.pending->what == act::await_doorbell &&
            static_cast<task>(t.doing[0]) != task::writes && !doorbell_is_ready(doorbell, *t.pending))
            return "a write has returned, and a loop sleeps on";
    return nullptr;
}

// Asleep, or not begun: such a call changes nothing. Where a thread may be gone in its call another one takes its turn,
// and two who look at once may leave each further change a call too many.
bool others_rest() noexcept {
    for (const bool may_be_gone : the_machine().may_crash)
        if (may_be_gone) return false;
    for (std::size_t i = 0; i < fixture->in_call.size(); ++i) {
        const thread_state& t = the_machine().now.threads[i];
        if (i == running() || !fixture->in_call[i] || t.before_first_step) continue;
        if (t.alive == life::runnable || t.alive == life::stopped) return false;
    }
    return true;
}

class in_call {
  public:
    explicit in_call(bool adds = false) noexcept
        : adds_(adds), silences_(fixture->fd < 0 ? 0 : silences_of(doorbell_word(fixture->fd))) {
        fixture->in_call[running()] = true;
        if (adds && fixture->is_heard) w().payload[0].fetch_add(1, efd::base::relaxed);
        the_machine().now.threads[running()].before_first_step = true;
    }
    ~in_call() {
        fixture->in_call[running()] = false;
        the_machine().now.threads[running()].swallowed = false;
        if (const char* const wrong = fault_in_passing(); wrong != nullptr) must(false, wrong);
        if (const char* const wrong = adds_ ? fault_after_add(silences_) : nullptr; wrong != nullptr)
            must(false, wrong);
        if (!others_rest()) return;
        if (const char* const wrong = fault_at_rest(); wrong != nullptr) must(false, wrong);
    }
    in_call& operator=(in_call&&) = delete; // neither copied nor moved

  private:
    bool adds_;
    std::uint64_t silences_;
};

// A thread that asks for the descriptor finds it true, wherever another thread that asked is stopped.
const char* fault_after_open() noexcept {
    if (!the_machine().stops() || fixture->way == ring_way::armed || returned_units() == 0) return nullptr;
    return units_in(doorbell_word(fixture->fd)) > 0 ? nullptr
                                                    : "a descriptor was given out, and it is silent above zero";
}

// The threads find the bell attached; what attaching cost is not theirs.
void attach_doorbell() {
    (void)doorbell::open(w().object, fixture->way, fixture->fd);
    fixture->watched = true;
    fixture->before = doorbell_word(fixture->fd);
    auto* const doorbell = reinterpret_cast<unsigned char*>(efd::core::context_layout::hook_of(w().object));
    name_place(doorbell + 2 * sizeof(void*), "place");
    name_place(doorbell + 2 * sizeof(void*) + 4, "bell word");
}

std::string too_many_calls(std::uint64_t most, std::uint64_t most_silences) {
    const std::uint64_t doorbell = doorbell_word(fixture->fd);
    const std::uint64_t rings = rings_of(doorbell) - rings_of(fixture->before);
    const std::uint64_t silences = silences_of(doorbell) - silences_of(fixture->before);
    if (rings + silences <= most && silences <= most_silences) return {};
    return "too many calls: " + std::to_string(rings) + " rings and " + std::to_string(silences) + " reads for " +
           std::to_string(most);
}

} // namespace

const char* level_fault(const efd::core::context& object, int fd, ring_way way) noexcept {
    const std::uint64_t count = context_layout::newest_count(object);
    const efd::core::state_word word = context_layout::newest_state(object);
    const bool rung = (word & efd::core::rung_mark) != 0;
    if (!efd::core::has_doorbell(word)) return "a level bell that no add would tell";
    if (!efd::core::is_sealed(word) && count == 0 && (!efd::core::is_armed(word) || rung))
        return "at zero, and the next add would not ring";
    if (way == ring_way::every && (!efd::core::is_armed(word) || rung)) return "an add would not be told";
    if (way == ring_way::level && !efd::core::is_sealed(word) && count > 0 && (efd::core::is_armed(word) || !rung))
        return "above zero, and the next add would ring for nothing";
    const std::uint64_t held = units_in(doorbell_word(fd));
    if ((held > 0) != (count > 0)) return held > 0 ? "readable at zero" : "not readable above zero";
    const bool room = (efd::core::poll_mask(count) & efd::core::poll_out) != 0;
    if ((held < doorbell_full) != room) return room ? "not writable, and there is room" : "writable without room";
    return nullptr;
}

void make_doorbell_world_without(std::uint64_t initval, unsigned flags, ring_way way) {
    make_world(initval, flags);
    make_doorbells();
    efd::watch::doorbell::let_second_request_overtake(false);
    fixture = new hall;
    fixture->way = way;
    fixture->began_above_zero = initval > 0;
}

void make_doorbell_world(std::uint64_t initval, unsigned flags, ring_way way) {
    make_doorbell_world_without(initval, flags, way);
    attach_doorbell();
}

void listen_to_each_add() { fixture->is_heard = true; }

void make_hasty_doorbell_world(std::uint64_t count, unsigned flags, ring_way way) {
    make_doorbell_world(count, flags, way);
    efd::watch::doorbell::let_second_request_overtake(true);
    fixture->is_hasty = true;
}

void make_empty_sealed_doorbell_world(ring_way way) {
    make_doorbell_world_without(efd::core::packed_limit, 0, way);
    std::uint64_t value = 0;
    (void)w().object.try_read(value);
    w().given = wide_sum{};
    fixture->began_above_zero = false;
    attach_doorbell();
}

void open_doorbell() {
    const in_call now;
    int fd = -1;
    must(doorbell::open(w().object, fixture->way, fd) == status::ok, "no descriptor");
    must(fixture->fd < 0 || fixture->fd == fd, "two descriptors of one object");
    fixture->fd = fd;
    if (const char* const wrong = fault_after_open(); wrong != nullptr) must(false, wrong);
    fixture->watched = true;
}

void doorbell_write(std::uint64_t n) {
    const in_call now(true);
    write_fast(n);
}

void doorbell_try_write(std::uint64_t n) {
    const in_call now(true);
    doing(task::writes, n);
    const status result = w().object.try_write(n);
    must(result == status::ok || result == status::would_block, "a write that does not wait ended otherwise");
    if (result == status::ok) w().given.add(n);
    doing(task::none);
}

void doorbell_signal() {
    const in_call now(true);
    signal_once();
}

void doorbell_read() {
    const in_call now;
    (void)read_value();
    ++fixture->reads;
}

bool doorbell_take() {
    const in_call now;
    std::uint64_t value = 0;
    if (w().object.try_read(value) != status::ok) return false;
    must(value > 0, "a read took nothing and said ok");
    w().taken.add(value);
    ++fixture->reads;
    return true;
}

bool doorbell_arm(std::uint32_t what) {
    const in_call now;
    std::uint32_t ready = 0;
    must(doorbell::arm(w().object, what, ready) == status::ok, "an armed bell cannot be armed");
    if (ready == 0) ++fixture->arms;
    return ready == 0;
}

void doorbell_await(watch_for what, std::uint64_t& edges) { await_doorbell(fixture->fd, what, edges); }

void doorbell_listen(int events) {
    std::uint64_t edges = rings_of(fixture->before);
    for (int i = 0; i < events; ++i) {
        doorbell_await(watch_for::edge, edges);
        fixture->heard = w().payload[0].load(efd::base::relaxed);
    }
}

void doorbell_doubt() {
    (void)doorbell_take();
    fixture->from_outside = false;
    (void)doorbell_take();
}

void doorbell_ring_from_outside() {
    fixture->from_outside = true;
    must(efd::os::ring_doorbell(fixture->fd, 1), "the descriptor is full");
}

std::string audit_level() {
    if (std::string wrong = audit(); !wrong.empty()) return wrong;
    const char* const wrong = fault_at_rest();
    return wrong == nullptr ? "" : wrong;
}

// Each read takes all: so the count left zero once for each, and once more if there is something now. With one writer,
// each step from zero and each step to zero makes one call, and where a read meets a writer inside its ring one more: a
// read of the bell too early, or a ring again for one that a read has swallowed. And an add that meets a silence rings
// once more, since it cannot know which came first (SURELY_RUNG).
std::string audit_level_calls() {
    const std::uint64_t left_zero =
        fixture->reads + (w().object.count() > 0 ? 1 : 0) - (fixture->began_above_zero ? 1 : 0);
    std::string wrong = too_many_calls(4 * left_zero + fixture->reads, fixture->reads + 2 * left_zero);
    return wrong.empty() ? audit_level() : wrong;
}

std::string audit_armed() { return audit(); }

std::string audit_every() {
    const std::uint64_t begun = the_machine().newest_value(&w().payload[0], sizeof(std::uint64_t));
    for (int i = 0; i < the_machine().thread_count(); ++i) {
        const thread_state& t = the_machine().now.threads[static_cast<std::size_t>(i)];
        const bool listens = t.alive == life::runnable && t.pending->what == act::await_doorbell;
        if (listens && w().object.count() > 0 && fixture->heard < begun)
            return "lost edge: thread " + std::to_string(i) + " sleeps, and the last write it has not heard of";
    }
    return audit_at_rest();
}

std::string audit_at_rest() {
    if (std::string wrong = conserved(); !wrong.empty()) return wrong;
    const char* const wrong = fault_at_rest();
    return wrong == nullptr ? "" : wrong;
}

std::string audit_doorbell_with_stops() {
    if (std::string wrong = audit_with_stops(); !wrong.empty()) return wrong;
    for (const thread_state& t : the_machine().now.threads)
        if (t.alive == life::stopped && t.swallowed) return {}; // the next add rings; fault_after_add sees to that
    const char* const wrong = fixture->fd < 0 ? nullptr : fault_after_add(silences_of(doorbell_word(fixture->fd)));
    return wrong == nullptr ? "" : wrong;
}

std::string audit_doorbell_left() {
    for (int i = 0; i < the_machine().thread_count(); ++i)
        if (the_machine().sleeps(i) || the_machine().may_go_on(i)) return "somebody waits for the one that has left";
    const bool readable = units_in(doorbell_word(fixture->fd)) > 0;
    if (readable == (w().object.count() > 0)) return {};
    return readable ? "left: readable at zero, for good" : "left: not readable above zero";
}

// Each arm is answered by one ring, the last one perhaps not yet; by one of each writer where several meet the mark.
std::string audit_armed_calls() {
    const bool armed_still = efd::core::is_armed(context_layout::newest_state(w().object));
    std::string wrong = too_many_calls((fixture->arms - (armed_still ? 1 : 0)) * w().wakes_for_one, 0);
    return wrong.empty() ? audit_armed() : wrong;
}

} // namespace explore
