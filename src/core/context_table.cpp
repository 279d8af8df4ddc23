// SPDX-License-Identifier: MIT
// core/context_table.cpp: see context_table.hpp.
#include "core/context_table.hpp"

#include <efd/detail/base/check.hpp>

#include "base/stop.hpp"
#include "core/linger_rules.hpp"
#include "os/memory.hpp"

#include <cstdlib>
#include <mutex>
#include <new>
#include <pthread.h>

namespace efd::EFD_ABI::core {
namespace {

// Lives as long as the process: objects may be put by the destructors of static objects, in any order.
union immortal_table {
    context_table value{};
    constexpr immortal_table() noexcept {}
    ~immortal_table() {} // NOLINT(modernize-use-equals-default): the member must not be destroyed
};
immortal_table table;

// When the library is loaded: standard error is still what the process was started with, and no thread uses efd yet.
void report_wrong_linger() noexcept {
    const char* const value = std::getenv("EFD_LINGER");
    if (!is_linger(value))
        base::warn("EFD_LINGER", value, "it may be off, auto or a number of microseconds up to 1000000; off is used");
}
[[maybe_unused]] const int linger_report = (report_wrong_linger(), 0);

[[maybe_unused]] const int fork_handlers =
    ::pthread_atfork([] { context_table::instance().before_fork(); }, [] { context_table::instance().after_fork(); },
                     [] { context_table::instance().after_fork_in_child(); });

} // namespace

context_table& context_table::instance() noexcept { return table.value; }

// Under the lock. Behind the first slabs, as many as a huge page has room for are made at once.
bool context_table::make_slab(unsigned number) noexcept {
    constexpr std::size_t bytes = slab_slots * sizeof(context);
    constexpr unsigned together = os::huge_page / bytes;
    static_assert(os::huge_page % bytes == 0 && slabs_most % together == 0);
    const unsigned first = number / together * together;
    void* const dense = first == 0 ? nullptr : os::map_zeroed_huge(together * bytes);
    if (dense == nullptr) {
        slabs_[number] = static_cast<context*>(os::map_zeroed(bytes));
        return slabs_[number] != nullptr;
    }
    context* part = static_cast<context*>(dense);
    for (unsigned i = first; i < first + together; ++i, part += slab_slots)
        if (slabs_[i] == nullptr) slabs_[i] = part;
    return true;
}

// Under the lock: makes it if it was never used.
context* context_table::slot(int id) noexcept {
    if (slab_of(id) == nullptr && !make_slab(static_cast<unsigned>(id) / slab_slots)) return nullptr;
    context* const place = place_of(id);
    if (id >= touched_) { // the smallest free id is at most one beyond all that were ever used
        new (place) context;
        touched_ = id + 1;
    }
    return place;
}

// RETURN, only. Where one context is dead and no smaller id is free, that one is taken without the lock. The word
// itself says both, so if it comes back after other births and deaths it says the same again.
context* context_table::take_only(int& id) noexcept {
    std::uint64_t word = returned_.load(base::relaxed);
    if ((word & (only_mark | gaps_mark)) != only_mark) return nullptr;
    if (!returned_.compare_exchange_strong(word, nobody, base::acq_rel, base::relaxed)) return nullptr;
    id = static_cast<int>((word & link_part) - 1);
    return place_of(id);
}

// RETURN: pops everything pushed before this step; the link was written before the push. The ids are free now.
void context_table::free_returned() noexcept {
    if ((returned_.load(base::relaxed) & link_part) == nobody) return;
    std::uint64_t next = returned_.exchange(gaps_mark, base::acq_rel) & link_part;
    while (next != nobody) {
        const int free = static_cast<int>(next - 1);
        next = slot(free)->huge_.load(base::relaxed);
        ids_.free(free);
        ++gaps_;
    }
}

// What EFD_LINGER asks for, read at the first creation. Under the lock, so no fork copies it half read.
void context_table::learn_first_linger() noexcept {
    if (is_linger_known_) return;
    first_linger_ = parse_linger(std::getenv("EFD_LINGER"));
    is_linger_known_ = true;
}

context* context_table::take_slot(int& id) noexcept {
    context_table& all = table.value;
    context* place = all.take_only(id);
    if (place == nullptr) place = all.take_smallest(id);
    // Known since the first creation in this slot, or earlier.
    if (place != nullptr) place->half_.own.linger_us.store(all.first_linger_, base::relaxed);
    return place;
}

[[gnu::noinline]] context* context_table::take_smallest(int& id) noexcept {
    const std::lock_guard guard(lock_);
    learn_first_linger();
    free_returned();
    id = ids_.alloc();
    if (id == ida::none) return nullptr;
    const bool was_gap = id < touched_;
    context* const place = slot(id);
    if (place == nullptr) {
        ids_.free(id); // K-012: a failed creation leaks no id
    } else if (was_gap && --gaps_ == 0) {
        returned_.fetch_and(~gaps_mark, base::relaxed);
    }
    EFD_CHECK(gaps_ >= 0);
    return place;
}

void context_table::give_back(context& dead) noexcept {
    const auto name = static_cast<std::uint64_t>(dead.half_.own.id) + 1;
    base::atomic<std::uint64_t>& returned = table.value.returned_;
    std::uint64_t top = returned.load(base::relaxed);
    std::uint64_t pushed = 0;
    do {
        EFD_CHECK((top & link_part) != name);
        dead.huge_.store(top & link_part, base::relaxed);
        pushed = name | (top & gaps_mark) | ((top & link_part) == nobody ? only_mark : 0);
    } while (!returned.compare_exchange_weak(top, pushed, base::acq_rel, base::relaxed)); // RETURN
}

} // namespace efd::EFD_ABI::core
