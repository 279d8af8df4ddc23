// SPDX-License-Identifier: MIT
// conformance/claims/read.cpp: section B of docs/semantics.md, what a read takes and when it is refused.
//
// One function for each row. Values and EAGAIN hold for every object; lengths, addresses and vectors need a number, and
// offsets the kernel's. System calls are made directly, so that no wrapper checks their arguments first.
#include "conformance/framework/counts.hpp"
#include "conformance/framework/raw_calls.hpp"
#include "conformance/framework/sleeper.hpp"
#include "conformance/framework/task.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <vector>

namespace efd::claims {
namespace {

// A read of its number, through the backend's call.
answer read_raw(trial& t, const object& of, void* to, std::size_t length) {
    return t.calls().read(of.number(), to, length);
}
answer readv_raw(trial& t, const object& of, const std::vector<iovec>& parts) {
    return t.calls().readv(of.number(), parts);
}
// Offset and flags as preadv2 takes them; -1 stands for the file position.
answer preadv2_raw(int fd, void* to, std::size_t length, long offset, unsigned flags) {
    const iovec part{to, length};
    return of_call(::syscall(SYS_preadv2, fd, &part, 1L, offset, offset < 0 ? -1L : 0L, flags));
}

// Since 5.8 the kernel reads a vector as one; before, each segment was a read of its own.
void needs_vectored_read(trial& t) {
    if (t.on().offers(needs::descriptor) && !kernel_at_least(5, 8))
        t.not_here("before Linux 5.8 readv was one read for each segment");
}

} // namespace

CLAIM(K_013, object, "a read takes the whole count and leaves 0") {
    for (const std::uint64_t count : {std::uint64_t{1}, std::uint64_t{5}, std::uint64_t{1} << 32,
                                      std::uint64_t{1} << 62, std::uint64_t{1} << 63, largest}) {
        const auto o = with_count(t, count);
        expect_read(t, *o, 0, count, "read of " + std::to_string(count));
        t.expect_equal(o->count(), 0U, "count afterwards");
    }
}

CLAIM(K_014, object, "a semaphore read takes one") {
    for (const std::uint64_t count : {std::uint64_t{1}, std::uint64_t{5}, std::uint64_t{1} << 32,
                                      std::uint64_t{1} << 62, std::uint64_t{1} << 63, largest}) {
        const auto o = with_count(t, count, EFD_SEMAPHORE);
        expect_read(t, *o, 0, 1, "semaphore read");
        t.expect_equal(o->count(), count - 1, "count afterwards");
    }
    const auto o = with_count(t, 3, EFD_SEMAPHORE | EFD_NONBLOCK);
    for (int i = 0; i < 3; ++i) expect_read(t, *o, 0, 1, "one of three");
    expect_read(t, *o, EAGAIN, 0, "the fourth of three");
}

CLAIM(K_162, object, "a semaphore read takes one at each count: around 64, 2^27, 2^32, 2^63 and the bound") {
    for (const std::uint64_t around :
         {std::uint64_t{64}, std::uint64_t{1} << 27, std::uint64_t{1} << 32, std::uint64_t{1} << 63, largest - 3}) {
        const auto o = with_count(t, around + 3, EFD_SEMAPHORE);
        for (std::uint64_t left = around + 3; left > around - 3; --left) {
            const std::string what = "semaphore read at " + std::to_string(left);
            expect_read(t, *o, 0, 1, what);
            t.expect_equal(o->count(), left - 1, "count after a " + what);
        }
    }
    const auto one_by_one = with_count(t, 200, EFD_SEMAPHORE | EFD_NONBLOCK);
    for (int i = 0; i < 200; ++i) expect_read(t, *one_by_one, 0, 1, "one of two hundred");
    expect_read(t, *one_by_one, EAGAIN, 0, "one more than two hundred");
}

CLAIM(K_015, number, "the value is in host byte order") {
    const std::uint64_t value = 0x0102030405060708U;
    const auto o = with_count(t, value);
    std::array<unsigned char, 8> bytes{};
    expect_result(t, read_raw(t, *o, bytes.data(), bytes.size()), 8, "read");
    t.expect_equal(std::bit_cast<std::uint64_t>(bytes), value, "bytes read");
}

CLAIM(K_016, number, "a length below 8 is EINVAL before everything else, and takes nothing") {
    std::array<unsigned char, 8> place{};
    const auto empty_blocking = t.make();
    const auto empty_nonblocking = t.make(0, EFD_NONBLOCK);
    const auto full = t.make(7);
    for (std::size_t length = 0; length < 8; ++length) {
        const std::string what = "length " + std::to_string(length);
        t.expect_error(read_raw(t, *empty_blocking, place.data(), length).error, EINVAL, what + ", blocking");
        t.expect_error(read_raw(t, *empty_nonblocking, place.data(), length).error, EINVAL, what);
        t.expect_error(read_raw(t, *full, place.data(), length).error, EINVAL, what + ", something there");
        t.expect_error(read_raw(t, *full, edge_of_memory(t), length).error, EINVAL, what + ", no memory");
        t.expect_error(read_raw(t, *full, kernel_address(), length).error, EFAULT, what + ", kernel memory");
    }
    t.expect_equal(full->count(), 7U, "count afterwards");
}

CLAIM(K_017, number, "a longer read gives 8 and writes 8 bytes only") {
    for (const std::size_t length : {9UL, 15UL, 16UL, 4096UL, 65536UL}) {
        std::vector<unsigned char> place(length, 0xaa);
        const auto o = t.make(3);
        expect_result(t, read_raw(t, *o, place.data(), length), 8, "read of " + std::to_string(length));
        std::uint64_t value = 0;
        std::memcpy(&value, place.data(), sizeof value);
        t.expect_equal(value, 3U, "value");
        for (std::size_t i = 8; i < length; ++i)
            if (place[i] != 0xaa) t.abandon("byte " + std::to_string(i) + " was written");
    }
}

CLAIM(K_018, object, "at count 0 with O_NONBLOCK: EAGAIN") {
    for (const int mode : {0, int{EFD_SEMAPHORE}}) {
        const auto o = t.make(0, EFD_NONBLOCK | mode);
        expect_read(t, *o, EAGAIN, 0, "read at 0");
        t.expect_error(o->write(2), 0, "write");
        expect_read(t, *o, 0, mode != 0 ? 1U : 2U, "read with something there");
    }
}

CLAIM(K_019, object, "at count 0 a blocking read sleeps until there is something") {
    const auto o = t.make();
    auto reader = sleeper::reading(t, *o);
    t.expect_error(o->write(9), 0, "write");
    reader.must_return_with(0, 9, "write of 9");
    t.expect_equal(o->count(), 0U, "count afterwards");

    const auto semaphore = t.make(0, EFD_SEMAPHORE);
    auto one = sleeper::reading(t, *semaphore);
    t.expect_error(semaphore->write(9), 0, "write");
    one.must_return_with(0, 1, "write of 9 to a semaphore");
    t.expect_equal(semaphore->count(), 8U, "count of the semaphore afterwards");
}

CLAIM(K_020, number, "readv scatters the 8 bytes; empty segments are allowed") {
    needs_vectored_read(t);
    const std::uint64_t value = 0x1122334455667788U;
    const auto o = with_count(t, value);
    std::array<unsigned char, 8> place{};
    unsigned char* const p = place.data();
    expect_result(t, readv_raw(t, *o, {{p, 1}, {p, 0}, {p + 1, 4}, {p, 0}, {p + 5, 3}}), 8, "five segments");
    t.expect_equal(std::bit_cast<std::uint64_t>(place), value, "bytes");
    t.expect_equal(o->count(), 0U, "count afterwards");
}

CLAIM(K_021, number, "readv of 1 to 7 bytes in all is EINVAL, of none gives 0; nothing is taken") {
    needs_vectored_read(t);
    const auto o = t.make(4);
    std::array<unsigned char, 8> place{};
    unsigned char* const p = place.data();
    for (std::size_t first = 0; first < 7; ++first)
        for (std::size_t second = first == 0 ? 1 : 0; first + second < 8; ++second)
            t.expect_error(readv_raw(t, *o, {{p, first}, {p, second}}).error, EINVAL, "too short in all");
    expect_result(t, t.calls().readv(o->number(), nullptr, 0), 0, "no segment");
    expect_result(t, readv_raw(t, *o, {{p, 0}}), 0, "one empty segment");
    expect_result(t, readv_raw(t, *o, {{p, 0}, {p, 0}, {p, 0}}), 0, "three empty segments");
    t.expect_equal(o->count(), 4U, "count afterwards");
}

CLAIM(K_022, number, "readv {8,8} is one read, and the second segment stays untouched") {
    needs_vectored_read(t);
    const auto o = t.make(4, EFD_SEMAPHORE);
    std::uint64_t first = 0;
    std::uint64_t second = 77;
    expect_result(t, readv_raw(t, *o, {{&first, 8}, {&second, 8}}), 8, "readv");
    t.expect_equal(first, 1U, "first segment");
    t.expect_equal(second, 77U, "second segment");
    t.expect_equal(o->count(), 3U, "count afterwards");
}

CLAIM(K_023, number, "a read into unmapped memory is EFAULT, and has taken all the same") {
    unsigned char* const nowhere = edge_of_memory(t);
    const auto plain = t.make(6);
    t.expect_error(read_raw(t, *plain, nowhere, 8).error, EFAULT, "read");
    t.expect_equal(plain->count(), 0U, "count afterwards");
    const auto semaphore = t.make(6, EFD_SEMAPHORE);
    t.expect_error(read_raw(t, *semaphore, nowhere, 8).error, EFAULT, "semaphore read");
    t.expect_equal(semaphore->count(), 5U, "count of the semaphore afterwards");
    const auto empty = t.make(0, EFD_NONBLOCK);
    t.expect_error(read_raw(t, *empty, nowhere, 8).error, EAGAIN, "at count 0, O_NONBLOCK");
    const auto blocking = t.make();
    sleeper reader(
        t, [&](pid_t tid) { return blocking->has_sleeper(tid); },
        [&](std::uint64_t&) { return read_raw(t, *blocking, nowhere, 8).error; }, "a read to nowhere");
    t.expect_error(blocking->write(3), 0, "write");
    reader.must_return_with(EFAULT, "write");
    t.expect_equal(blocking->count(), 0U, "count after the blocking read");
}

CLAIM(K_024, number, "a read into kernel addresses is EFAULT before anything, and takes nothing") {
    const auto o = t.make(6);
    t.expect_error(read_raw(t, *o, kernel_address(), 8).error, EFAULT, "read");
    t.expect_equal(o->count(), 6U, "count afterwards");
    const auto empty = t.make();
    t.expect_error(read_raw(t, *empty, kernel_address(), 8).error, EFAULT, "blocking, at count 0");
}

CLAIM(K_025, number, "a place that ends in unmapped memory gets its leading bytes, EFAULT, and the count is gone") {
    const std::uint64_t value = 0x1112131415161718U;
    const auto claimed = std::bit_cast<std::array<unsigned char, 8>>(value);
    for (std::size_t mapped = 1; mapped < 8; ++mapped) {
        const auto o = with_count(t, value);
        unsigned char* const place = edge_of_memory(t) - mapped;
        const std::string what = std::to_string(mapped) + " bytes mapped";
        t.expect_error(read_raw(t, *o, place, 8).error, EFAULT, what);
        t.expect_equal(std::memcmp(place, claimed.data(), mapped), 0, what + ", leading bytes");
        t.expect_equal(o->count(), 0U, what + ", count afterwards");
    }
}

CLAIM(K_026, descriptor, "pread and preadv: ESPIPE, also for short lengths; EINVAL for a negative offset") {
    const auto o = t.make(6);
    std::array<unsigned char, 8> place{};
    const iovec part{place.data(), place.size()};
    for (const off_t offset : {off_t{0}, off_t{8}, off_t{1} << 40}) {
        for (const std::size_t length : {8UL, 3UL, 0UL})
            t.expect_error(of_call(::syscall(SYS_pread64, o->descriptor(), place.data(), length, offset)).error, ESPIPE,
                           "pread of " + std::to_string(length));
        t.expect_error(of_call(::syscall(SYS_preadv, o->descriptor(), &part, 1L, offset, 0L)).error, ESPIPE, "preadv");
    }
    t.expect_error(of_call(::syscall(SYS_pread64, o->descriptor(), place.data(), 8L, -1L)).error, EINVAL, "pread");
    t.expect_error(of_call(::syscall(SYS_preadv, o->descriptor(), &part, 1L, -2L, -1L)).error, EINVAL, "preadv");
    t.expect_equal(o->count(), 6U, "count afterwards");
}

CLAIM(K_027, descriptor, "preadv2 with RWF_NOWAIT on a blocking descriptor: EAGAIN at 0, else success") {
    needs_vectored_read(t);
    const auto o = t.make();
    std::uint64_t value = 0;
    t.expect_error(preadv2_raw(o->descriptor(), &value, 8, -1, RWF_NOWAIT).error, EAGAIN, "at count 0");
    t.expect_error(o->write(5), 0, "write");
    expect_result(t, preadv2_raw(o->descriptor(), &value, 8, -1, RWF_NOWAIT), 8, "at count 5");
    t.expect_equal(value, 5U, "value");
}

CLAIM(K_028, descriptor, "preadv2 at the position is readv; which flags it accepts") {
    needs_vectored_read(t);
    const auto o = t.make(0, EFD_NONBLOCK);
    std::uint64_t value = 0;
    const auto accepted = [&](unsigned flag) {
        t.expect_error(o->write(1), 0, "write");
        const int error = preadv2_raw(o->descriptor(), &value, 8, -1, flag).error;
        o->read(value);
        return error;
    };
    constexpr unsigned hipri = 1, dsync = 2, sync = 4, nowait = 8, append = 16, noappend = 32, atomic = 64;
    constexpr unsigned dontcache = 128, nosignal = 256;
    for (const unsigned flag : {0U, hipri, dsync, sync, nowait, append})
        t.expect_error(accepted(flag), 0, "flag " + std::to_string(flag));
    t.expect_error(accepted(noappend), kernel_at_least(6, 9) ? 0 : EOPNOTSUPP, "RWF_NOAPPEND");
    t.expect_error(accepted(nosignal), kernel_at_least(6, 18) ? 0 : EOPNOTSUPP, "RWF_NOSIGNAL");
    for (const unsigned flag : {atomic, dontcache, 1U << 20, 1U << 30})
        t.expect_error(accepted(flag), EOPNOTSUPP, "flag " + std::to_string(flag));
    t.expect_error(preadv2_raw(o->descriptor(), &value, 8, 0, 0).error, ESPIPE, "offset 0");
}

CLAIM(K_029, descriptor, "the file position is 0 and never moves") {
    const auto o = t.make(1);
    std::uint64_t value = 0;
    for (int i = 0; i < 3; ++i) {
        t.expect_equal(::lseek(o->descriptor(), 0, SEEK_CUR), 0, "position");
        o->read(value);
        t.expect_equal(::lseek(o->descriptor(), 0, SEEK_CUR), 0, "position after a read");
        o->write(3);
    }
}

CLAIM(K_030, number, "no alignment is needed") {
    std::array<unsigned char, 24> place{};
    for (std::size_t off = 0; off < 8; ++off) {
        const auto o = t.make();
        const std::uint64_t value = 0x0102030405060708U + off;
        std::memcpy(place.data() + off, &value, sizeof value);
        expect_result(t, t.calls().write(o->number(), place.data() + off, 8), 8, "write");
        place.fill(0);
        expect_result(t, read_raw(t, *o, place.data() + off, 8), 8, "read");
        t.expect_equal(std::memcmp(place.data() + off, &value, sizeof value), 0, "bytes at an odd address");
    }
}

CLAIM(K_180, object, "n semaphore reads with nobody between take n, or what there is; the rest stays") {
    for (const std::uint64_t count : {std::uint64_t{1}, std::uint64_t{3}, std::uint64_t{64}, std::uint64_t{1} << 27,
                                      std::uint64_t{1} << 40, largest})
        for (const std::uint64_t most : {std::uint64_t{1}, std::uint64_t{2}, std::uint64_t{64}}) {
            const auto o = t.make(0, EFD_SEMAPHORE | EFD_NONBLOCK);
            std::uint64_t taken = 0;
            t.expect_error(o->read_some(taken, most), EAGAIN, "at count 0");
            o->write(count);
            t.expect_error(o->read_some(taken, most), 0, "a read of some");
            t.expect_equal(taken, std::min(count, most), "what it took");
            t.expect_equal(o->count(), count - taken, "what it left");
            t.expect_equal(o->poll(), count == taken ? unsigned{POLLOUT} : unsigned{POLLIN | POLLOUT},
                           "poll afterwards");
        }
    const auto full = t.make(0, EFD_SEMAPHORE);
    full->write(largest);
    auto writer = sleeper::writing(t, *full, 2);
    std::uint64_t taken = 0;
    t.expect_error(full->read_some(taken, 2), 0, "a read of two of a full semaphore");
    t.expect_equal(taken, 2U, "what it took of a full semaphore");
    writer.must_return_with(0, "a read that makes room for it");
    t.expect_equal(full->count(), largest, "count after the write that it released");
}

} // namespace efd::claims
