// dropin/region.cpp: see region.hpp.
#include "dropin/region.hpp"

#include "dropin/raw_call.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

namespace efd::dropin {
namespace {

void move(base::atomic<std::uint64_t>& from, base::atomic<std::uint64_t>& to) noexcept {
    to.fetch_add(from.exchange(0, base::relaxed), base::relaxed);
}

void begin_again(region& all, slot& there) noexcept {
    tally& earlier = all.header.earlier;
    earlier.parked_writes.fetch_add(writes_of(there.state.load(base::relaxed)), base::relaxed);
    move(there.counted.parked_writes, earlier.parked_writes);
    move(there.counted.parked_reads, earlier.parked_reads);
    move(there.counted.asked_writes, earlier.asked_writes);
    move(there.counted.asked_reads, earlier.asked_reads);
    move(there.counted.handed_back, earlier.handed_back);
    there.counted.redundant.store(0, base::relaxed);
    there.demoted_for.store(reason::none, base::relaxed);
    there.was_promoted.store(0, base::relaxed);
    there.owner.store(0, base::relaxed);
    there.looks.store(0, base::relaxed);
    // The era goes on: a straggler's step on the word fails. His, if he was first, is not undone.
    parked_word old = there.state.load(base::relaxed);
    while (!there.state.compare_exchange_weak(old, next_era(old) & (era_field | readers_field), base::acq_rel,
                                              base::relaxed)) {
    }
    all.header.reused.fetch_add(1, base::relaxed);
}

bool claim_ended(slot& there) noexcept {
    if (there.in_use.load(base::acquire) != 0 || there.forked.load(base::relaxed) != 0) return false;
    if (readers_of(there.state.load(base::acquire)) != 0)
        return false; // asleep in the kernel, on a number that is closed
    std::uint32_t free = 0;
    return there.in_use.compare_exchange_strong(free, 1, base::acq_rel, base::relaxed);
}

} // namespace

region* map_region(const char* path) noexcept {
    long fd = -1;
    if (path != nullptr && path[0] == '/') {
        fd = raw_call(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0);
        struct stat found{};
        if (!is_error(fd) && (raw_call(SYS_newfstatat, fd, "", &found, AT_EMPTY_PATH) != 0 ||
                              found.st_size != static_cast<off_t>(sizeof(region)))) {
            (void)raw_call(SYS_close, fd);
            fd = -1;
        }
    }
    const int kind = MAP_SHARED | MAP_NORESERVE | (is_error(fd) ? MAP_ANONYMOUS : 0);
    const long at =
        raw_call(SYS_mmap, nullptr, sizeof(region), PROT_READ | PROT_WRITE, kind, is_error(fd) ? -1 : fd, 0);
    if (!is_error(fd)) (void)raw_call(SYS_close, fd);
    if (is_error(at)) return nullptr;
    // Zeroed pages are zeroed atomics. NOLINTNEXTLINE(performance-no-int-to-ptr): a system call's result
    auto* const all = reinterpret_cast<region*>(at);
    all->header.magic.store(region_magic, base::release);
    all->header.processes.fetch_add(1, base::relaxed);
    return all;
}

void unmap_region(region& all) noexcept { (void)raw_call(SYS_munmap, &all, sizeof all); }

std::uint32_t take_slot(region& all) noexcept {
    std::uint32_t last = all.header.given_out.load(base::relaxed);
    while (last < most_slots) {
        if (!all.header.given_out.compare_exchange_weak(last, last + 1, base::acq_rel, base::relaxed)) continue;
        std::uint32_t free = 0; // but for who looks for an ended one
        if (all.slots[++last].in_use.compare_exchange_strong(free, 1, base::acq_rel, base::relaxed)) return last;
    }
    static base::atomic<std::uint32_t> next{0};
    for (std::uint32_t tried = 0; tried < 64; ++tried) {
        const std::uint32_t at = next.fetch_add(1, base::relaxed) % most_slots + 1;
        if (!claim_ended(all.slots[at])) continue;
        begin_again(all, all.slots[at]);
        return at;
    }
    all.header.untracked.fetch_add(1, base::relaxed);
    return 0;
}

void let_go_of_slot(slot& there) noexcept {
    if (there.holders.fetch_sub(1, base::acq_rel) == 1 && there.forked.load(base::acquire) == 0)
        there.in_use.store(0, base::release);
}

} // namespace efd::dropin
