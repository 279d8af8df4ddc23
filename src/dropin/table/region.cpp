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
constinit base::atomic<std::uint16_t> record_numbers[most_descriptors]; // not wiped at a fork: a child counts, too

// The record's number; 0: none is left.
std::uint32_t take_record() noexcept {
    std::uint32_t last = all->header.given_out.load(base::relaxed);
    while (last < most_records)
        // Pairs with the report's look in another process.
        if (all->header.given_out.compare_exchange_weak(last, last + 1, base::acq_rel, base::relaxed)) return last + 1;
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
    all->header.magic.store(region_magic, base::release); // pairs with the report's look in another process
    all->header.processes.fetch_add(1, base::relaxed);
    return true;
}

bool begin_record(fd_slot& made, int fd, const void* site) noexcept {
    if (!active_policy.asks_for_sites()) return true;
    char named[sizeof(report_record::site)] = {};
    write_site(named, site);
    if (all != nullptr) {
        const std::uint32_t number = take_record();
        report_record& record = all->records[number];
        record_numbers[fd].store(static_cast<std::uint16_t>(number), base::relaxed);
        made.record.store(&record, base::relaxed);
        if (number != 0) {
            record.semaphore = made.semaphore.load(base::relaxed);
            record.process = static_cast<std::uint32_t>(raw_call(SYS_getpid));
            record.descriptor = fd;
            std::memcpy(record.site, named, sizeof named);
        }
    }
    return active_policy.welcomes(named);
}

report_record* record_of(int fd) noexcept {
    const std::uint16_t number = all == nullptr ? std::uint16_t{0} : record_numbers[fd].load(base::relaxed);
    return number == 0 ? nullptr : &all->records[number];
}

} // namespace efd::dropin
