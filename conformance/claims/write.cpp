// SPDX-License-Identifier: MIT
// conformance/claims/write.cpp: section C of docs/semantics.md, what a write adds and when it is refused.
//
// One function for each row. The bound, EAGAIN and the order of checks hold for every object; lengths, addresses and
// vectors need a number, and offsets the kernel's. System calls are made directly, so that no wrapper checks their
// arguments first.
#include "conformance/framework/counts.hpp"
#include "conformance/framework/raw_calls.hpp"
#include "conformance/framework/sleeper.hpp"
#include "conformance/framework/task.hpp"

#include <array>
#include <atomic>
#include <barrier>
#include <csignal>
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <thread>
#include <vector>

namespace efd::claims {
namespace {

// A write to its number, through the backend's call.
answer write_raw(trial& t, const object& to, const void* from, std::size_t length) {
    return t.calls().write(to.number(), from, length);
}
answer writev_raw(trial& t, const object& to, const std::vector<iovec>& parts) {
    return t.calls().writev(to.number(), parts);
}

// Until 6.9 kernels accepted a long write and added its first 8 bytes.
bool length_is_exact(trial& t) { return !t.on().offers(needs::descriptor) || kernel_at_least(6, 9); }

void expect_write(trial& t, object& to, std::uint64_t value, int claimed, std::uint64_t count_after) {
    const std::uint64_t before = to.count();
    const std::string what = "write of " + std::to_string(value) + " at " + std::to_string(before);
    t.expect_error(to.write(value), claimed, what);
    t.expect_equal(to.count(), count_after, "count after " + what);
}

} // namespace

CLAIM(K_031, object, "a write adds its value") {
    const auto o = t.make(0, EFD_NONBLOCK);
    std::uint64_t sum = 0;
    for (const std::uint64_t value : {std::uint64_t{1}, std::uint64_t{2}, std::uint64_t{0xffffffffU},
                                      std::uint64_t{1} << 32, std::uint64_t{1} << 61, std::uint64_t{1} << 63}) {
        sum += value;
        expect_write(t, *o, value, 0, sum);
    }
    expect_read(t, *o, 0, sum, "read of the sum");
    if (o->number() < 0) return;
    const std::uint64_t value = 4;
    expect_result(t, write_raw(t, *o, &value, 8), 8, "write");
}

CLAIM(K_032, number, "a length other than 8 is EINVAL (longer ones since 6.9), and adds nothing") {
    const auto o = t.make();
    std::vector<unsigned char> bytes(65537, 0);
    bytes[0] = bytes[7] = 1;
    for (std::size_t length = 0; length < 8; ++length)
        t.expect_error(write_raw(t, *o, bytes.data(), length).error, EINVAL, "length " + std::to_string(length));
    for (const std::size_t length : {9UL, 10UL, 12UL, 15UL, 16UL, 24UL, 64UL, 4096UL, 65536UL, 65537UL}) {
        const std::string what = "length " + std::to_string(length);
        const answer found = write_raw(t, *o, bytes.data(), length);
        if (length_is_exact(t))
            t.expect_error(found.error, EINVAL, what);
        else
            expect_result(t, found, 8, what);
    }
    if (length_is_exact(t)) t.expect_equal(o->count(), 0U, "count afterwards");
}

CLAIM(K_033, number, "length 0 is EINVAL") {
    const auto o = t.make(1);
    std::uint64_t value = 1;
    t.expect_error(write_raw(t, *o, &value, 0).error, EINVAL, "with an address");
    t.expect_error(write_raw(t, *o, nullptr, 0).error, EINVAL, "with a null address");
    t.expect_equal(o->count(), 1U, "count afterwards");
}

CLAIM(K_034, object, "a write of 2^64-1 is EINVAL always, also where nothing fits") {
    for (const int flags : {0, int{EFD_NONBLOCK}, int{EFD_SEMAPHORE}, EFD_SEMAPHORE | EFD_NONBLOCK})
        for (const std::uint64_t count : {std::uint64_t{0}, std::uint64_t{1}, largest - 1, largest}) {
            const auto o = with_count(t, count, flags);
            expect_write(t, *o, top, EINVAL, count);
        }
}

CLAIM(K_035, object, "order of checks: length, address, 2^64-1, room") {
    const auto o = with_count(t, largest, EFD_NONBLOCK);
    expect_write(t, *o, top, EINVAL, largest);
    expect_write(t, *o, 1, EAGAIN, largest);
    if (o->number() < 0) return;
    unsigned char* const nowhere = edge_of_memory(t);
    t.expect_error(write_raw(t, *o, nowhere, 7).error, EINVAL, "wrong length, unmapped address");
    t.expect_error(write_raw(t, *o, nowhere, 8).error, EFAULT, "unmapped address, no room");
    const auto blocking = with_count(t, largest);
    t.expect_error(write_raw(t, *blocking, nowhere, 8).error, EFAULT, "unmapped address, would sleep");
    t.expect_error(write_raw(t, *o, nowhere - 4, 8).error, EFAULT, "address that ends in unmapped memory");
    t.expect_error(write_raw(t, *o, kernel_address(), 8).error, EFAULT, "kernel address");
    t.expect_error(write_raw(t, *o, kernel_address(), 7).error, EFAULT, "kernel address, wrong length");
    t.expect_equal(o->count(), largest, "count afterwards");
}

CLAIM(K_036, object, "a write fits while the sum is at most 2^64-2") {
    struct row {
        std::uint64_t count, value;
        bool fits;
    };
    const std::uint64_t half = std::uint64_t{1} << 63;
    const row rows[] = {{0, largest, true},
                        {1, largest, false},
                        {1, largest - 1, true},
                        {2, largest - 1, false},
                        {half, half - 2, true},
                        {half, half - 1, false},
                        {half - 1, half - 1, true},
                        {half, half, false},
                        {half, largest, false},
                        {largest - 1, 1, true},
                        {largest - 1, 2, false},
                        {largest, 0, true},
                        {largest, 1, false},
                        {largest, largest, false},
                        {half / 2, half + half / 2 - 2, true},
                        {half / 2, half + half / 2 - 1, false}};
    for (const row& one : rows) {
        const auto o = with_count(t, one.count, EFD_NONBLOCK);
        expect_write(t, *o, one.value, one.fits ? 0 : EAGAIN, one.fits ? one.count + one.value : one.count);
    }
}

CLAIM(K_037, object, "no room with O_NONBLOCK: EAGAIN, count unchanged") {
    for (const int mode : {0, int{EFD_SEMAPHORE}}) {
        const auto o = with_count(t, largest, EFD_NONBLOCK | mode);
        for (const std::uint64_t value : {std::uint64_t{1}, std::uint64_t{2}, std::uint64_t{1} << 40, largest})
            expect_write(t, *o, value, EAGAIN, largest);
    }
}

CLAIM(K_038, object, "no room, blocking: sleeps until the value fits") {
    const auto o = with_count(t, largest);
    auto writer = sleeper::writing(t, *o, 5);
    t.expect_equal(o->count(), largest, "count while it sleeps");
    expect_read(t, *o, 0, largest, "read");
    writer.must_return_with(0, "a read");
    t.expect_equal(o->count(), 5U, "count afterwards");

    const auto semaphore = with_count(t, largest, EFD_SEMAPHORE);
    auto patient = sleeper::writing(t, *semaphore, 3);
    for (int i = 0; i < 2; ++i) {
        expect_read(t, *semaphore, 0, 1, "semaphore read");
        patient.must_sleep("a read that leaves too little room");
    }
    expect_read(t, *semaphore, 0, 1, "semaphore read");
    patient.must_return_with(0, "the third read");
    t.expect_equal(semaphore->count(), largest, "count of the semaphore afterwards");
}

CLAIM(K_039, object, "a write of 0 succeeds at any count up to 2^64-2 and changes nothing") {
    for (const std::uint64_t count : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1} << 62, largest - 1, largest})
        for (const int flags : {0, int{EFD_NONBLOCK}}) {
            const auto o = with_count(t, count, flags);
            expect_write(t, *o, 0, 0, count);
        }
}

CLAIM(K_040, object, "at 2^64-1 no write has room, not even 0; 2^64-1 is still EINVAL") {
    const auto o = with_count(t, top, EFD_NONBLOCK);
    expect_write(t, *o, 0, EAGAIN, top);
    expect_write(t, *o, 1, EAGAIN, top);
    expect_write(t, *o, top, EINVAL, top);
    const auto blocking = with_count(t, top);
    auto writer = sleeper::writing(t, *blocking, 0);
    expect_write(t, *blocking, top, EINVAL, top);
    expect_read(t, *blocking, 0, top, "read");
    writer.must_return_with(0, "the read");
    t.expect_equal(blocking->count(), 0U, "count afterwards");
}

CLAIM(K_041, number, "writev is one write for each segment, up to the first that fails") {
    std::uint64_t v[3] = {2, 5, 11};
    std::uint64_t with_bad[3] = {2, top, 11};
    struct row {
        std::string_view what;
        std::vector<iovec> parts;
        long moved;
        int error;
        std::uint64_t sum;
    };
    std::vector<row> rows = {
        {"{8,8}", {{&v[0], 8}, {&v[1], 8}}, 16, 0, 7},
        {"{8,8,8}", {{&v[0], 8}, {&v[1], 8}, {&v[2], 8}}, 24, 0, 18},
        {"{4,4}", {{&v[0], 4}, {&v[1], 4}}, -1, EINVAL, 0},
        {"{8,4}", {{&v[0], 8}, {&v[1], 4}}, 8, 0, 2},
        {"{4,8}", {{&v[0], 4}, {&v[1], 8}}, -1, EINVAL, 0},
        {"{0,8}", {{&v[0], 0}, {&v[1], 8}}, -1, EINVAL, 0},
        {"{8,0}", {{&v[0], 8}, {&v[1], 0}}, 8, 0, 2},
        {"{8,0,8}", {{&v[0], 8}, {&v[1], 0}, {&v[2], 8}}, 16, 0, 13}, // a later empty one is skipped
        {"{v,max,w}", {{&with_bad[0], 8}, {&with_bad[1], 8}, {&with_bad[2], 8}}, 8, 0, 2},
        {"{max,v}", {{&with_bad[1], 8}, {&with_bad[0], 8}}, -1, EINVAL, 0},
    };
    if (length_is_exact(t)) {
        rows.push_back({"{9}", {{&v[0], 9}}, -1, EINVAL, 0});
        rows.push_back({"{16}", {{&v[0], 16}}, -1, EINVAL, 0});
        rows.push_back({"{8,16}", {{&v[0], 8}, {&v[1], 16}}, 8, 0, 2});
    }
    for (const row& one : rows) {
        const auto o = t.make(0, EFD_NONBLOCK);
        const answer found = writev_raw(t, *o, one.parts);
        t.expect_error(found.error, one.error, one.what);
        t.expect_equal(found.result, one.moved, one.what);
        t.expect_equal(o->count(), one.sum, std::string(one.what) + ", count");
    }
    const auto o = t.make();
    expect_result(t, t.calls().writev(o->number(), nullptr, 0), 0, "no segment");
}

CLAIM(K_042, number, "non-blocking writev without room for its second segment: 8, the first is kept") {
    const auto o = with_count(t, 10, EFD_NONBLOCK);
    std::uint64_t v[2] = {3, largest - 5};
    expect_result(t, writev_raw(t, *o, {{&v[0], 8}, {&v[1], 8}}), 8, "writev");
    t.expect_equal(o->count(), 13U, "count afterwards");
}

CLAIM(K_043, descriptor, "pwrite and pwritev: ESPIPE, EINVAL for a negative offset; which flags pwritev2 takes") {
    const auto o = t.make(6);
    const std::uint64_t value = 1;
    std::uint64_t copy = value;
    const iovec part{&copy, 8};
    for (const off_t offset : {off_t{0}, off_t{8}, off_t{1} << 40}) {
        t.expect_error(of_call(::syscall(SYS_pwrite64, o->descriptor(), &value, 8L, offset)).error, ESPIPE, "pwrite");
        t.expect_error(of_call(::syscall(SYS_pwritev, o->descriptor(), &part, 1L, offset, 0L)).error, ESPIPE,
                       "pwritev");
    }
    t.expect_error(of_call(::syscall(SYS_pwrite64, o->descriptor(), &value, 8L, -1L)).error, EINVAL, "pwrite");
    t.expect_error(of_call(::syscall(SYS_pwritev, o->descriptor(), &part, 1L, -2L, -1L)).error, EINVAL, "pwritev");
    t.expect_equal(o->count(), 6U, "count afterwards");
    const auto at_position = [&](unsigned flag) {
        return of_call(::syscall(SYS_pwritev2, o->descriptor(), &part, 1L, -1L, -1L, flag));
    };
    expect_result(t, at_position(0), 8, "pwritev2 at the position");
    expect_result(t, at_position(RWF_HIPRI), 8, "RWF_HIPRI");
    for (const unsigned flag : {unsigned{RWF_NOWAIT}, unsigned{RWF_DSYNC}, unsigned{RWF_APPEND}})
        t.expect_error(at_position(flag).error, EOPNOTSUPP, "flag " + std::to_string(flag));
    t.expect_equal(o->count(), 8U, "count after two writes");
}

CLAIM(K_044, object, "semaphore mode does not change write") {
    const auto o = t.make(1, EFD_SEMAPHORE | EFD_NONBLOCK);
    expect_write(t, *o, 41, 0, 42);
    expect_write(t, *o, largest - 42, 0, largest);
    expect_write(t, *o, 1, EAGAIN, largest);
}

CLAIM(K_045, number, "a blocking writev may sleep in a later segment; a signal then gives the bytes done") {
    for (const int restart : {0, int{SA_RESTART}}) {
        struct sigaction handler{};
        handler.sa_handler = [](int) {};
        handler.sa_flags = restart;
        ::sigaction(SIGUSR1, &handler, nullptr);
        const auto o = t.make();
        std::uint64_t v[2] = {3, largest};
        sleeper writer(
            t, [&](pid_t tid) { return o->has_sleeper(tid); },
            [&](std::uint64_t& moved) {
                const answer found = writev_raw(t, *o, {{&v[0], 8}, {&v[1], 8}});
                moved = static_cast<std::uint64_t>(found.result);
                return found.error;
            },
            "a writev");
        t.expect_equal(o->count(), 3U, "count while it sleeps");
        writer.send(SIGUSR1);
        writer.must_return_with(0, 8, restart != 0 ? "a signal with SA_RESTART" : "a signal");
        t.expect_equal(o->count(), 3U, "count afterwards");
    }
}

CLAIM(K_046, object, "reads and writes are atomic: sums are conserved under contention") {
    constexpr int turns = 10'000;
    const auto o = t.make(0, EFD_NONBLOCK);
    std::atomic<std::uint64_t> written{0};
    std::atomic<std::uint64_t> taken{0};
    std::atomic<int> writing{3};
    std::barrier together(5); // none ends before the last has begun
    std::vector<std::thread> threads;
    for (std::uint64_t step = 1; step <= 3; ++step)
        threads.emplace_back([&, step] {
            together.arrive_and_wait();
            for (int i = 0; i < turns; ++i)
                if (o->write(step << (i % 40)) == 0) written += step << (i % 40);
            --writing;
        });
    for (int readers = 0; readers < 2; ++readers)
        threads.emplace_back([&] {
            together.arrive_and_wait();
            for (std::uint64_t value = 0; writing.load() > 0;)
                if (o->read(value) == 0) taken += value;
        });
    for (std::thread& one : threads) one.join();
    t.expect_equal(taken.load() + o->count(), written.load(), "taken and left, against written");

    const auto tight = with_count(t, largest - 4, EFD_NONBLOCK | EFD_SEMAPHORE);
    std::atomic<std::uint64_t> balance{largest - 4};
    threads.clear();
    for (int both = 0; both < 3; ++both)
        threads.emplace_back([&] {
            for (int i = 0; i < turns; ++i) {
                std::uint64_t value = 0;
                if (tight->write(3) == 0) balance += 3;
                if (tight->read(value) == 0) balance -= value;
            }
        });
    for (std::thread& one : threads) one.join();
    t.expect_equal(tight->count(), balance.load(), "the same at the bound");
}

} // namespace efd::claims
