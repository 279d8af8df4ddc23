// SPDX-License-Identifier: MIT
// dropin/table/region.cpp: see region.hpp.
#include "dropin/table/region.hpp"

#include "dropin/rules/raw_call.hpp"
#include "dropin/table/policy.hpp"
#include "dropin/table/table.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

namespace efd::dropin {
namespace {

constinit region* all = nullptr;
constinit base::atomic<std::uint16_t> record_numbers[most_descriptors]; // not wiped: a child counts, too

void move(base::atomic<std::uint64_t>& from, base::atomic<std::uint64_t>& to) noexcept {
    to.fetch_add(from.exchange(0, base::relaxed), base::relaxed);
}

void begin_again(record& there) noexcept {
    tally& earlier = all->header.earlier;
    move(there.counted.parked_writes, earlier.parked_writes);
    move(there.counted.parked_reads, earlier.parked_reads);
    move(there.counted.asked_writes, earlier.asked_writes);
    move(there.counted.asked_reads, earlier.asked_reads);
    move(there.counted.handed_back, earlier.handed_back);
    there.counted.redundant.store(0, base::relaxed);
    there.demoted_for.store(reason::none, base::relaxed);
    there.was_promoted.store(0, base::relaxed);
    all->header.reused.fetch_add(1, base::relaxed);
}

bool claim(record& there) noexcept {
    std::uint32_t free = 0;
    return there.in_use.compare_exchange_strong(free, 1, base::acq_rel, base::relaxed);
}

// Its number, or 0.
std::uint32_t take_record() noexcept {
    std::uint32_t last = all->header.given_out.load(base::relaxed);
    while (last < most_records) {
        if (!all->header.given_out.compare_exchange_weak(last, last + 1, base::acq_rel, base::relaxed)) continue;
        if (claim(all->records[++last])) return last; // but for who looks for an ended one
    }
    static constinit base::atomic<std::uint32_t> next{0};
    for (std::uint32_t tried = 0; tried < 64; ++tried) {
        const std::uint32_t at = next.fetch_add(1, base::relaxed) % most_records + 1;
        if (!claim(all->records[at])) continue;
        begin_again(all->records[at]);
        return at;
    }
    all->header.untracked.fetch_add(1, base::relaxed);
    return 0;
}

} // namespace

bool open_region(const char* path) noexcept {
    if (path == nullptr || path[0] != '/') return false;
    const long fd = raw_call(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0);
    if (is_error(fd)) return false;
    struct stat found{};
    long at = -EINVAL;
    if (raw_call(SYS_newfstatat, fd, "", &found, AT_EMPTY_PATH) == 0 &&
        found.st_size == static_cast<off_t>(sizeof(region)))
        at = raw_call(SYS_mmap, nullptr, sizeof(region), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
    (void)raw_call(SYS_close, fd);
    if (is_error(at)) return false;
    // Zeroed pages are zeroed atomics. NOLINTNEXTLINE(performance-no-int-to-ptr): a system call's result
    all = reinterpret_cast<region*>(at);
    all->header.magic.store(region_magic, base::release);
    all->header.processes.fetch_add(1, base::relaxed);
    return true;
}

bool begin_record(slot& made, int fd, const void* site) noexcept {
    const std::uint32_t number = all == nullptr ? 0 : take_record();
    if (all != nullptr) record_numbers[fd].store(static_cast<std::uint16_t>(number), base::relaxed);
    if (number == 0 && !rules.asks_for_sites()) return true;
    char named[sizeof(record::site)] = {};
    write_site(named, site);
    if (number != 0) {
        record& told = all->records[number];
        told.semaphore = made.semaphore.load(base::relaxed);
        told.process = static_cast<std::uint32_t>(raw_call(SYS_getpid));
        told.descriptor = fd;
        std::memcpy(told.site, named, sizeof named);
        made.told.store(&told, base::relaxed);
    }
    return rules.welcomes(named);
}

void end_record(slot& there, bool others_have_it) noexcept {
    record* const told = there.told.load(base::relaxed);
    if (told != nullptr && !others_have_it) told->in_use.store(0, base::release);
}

record* record_of(int fd) noexcept {
    const std::uint16_t number = all == nullptr ? std::uint16_t{0} : record_numbers[fd].load(base::relaxed);
    return number == 0 ? nullptr : &all->records[number];
}

} // namespace efd::dropin
