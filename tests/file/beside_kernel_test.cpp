// SPDX-License-Identifier: MIT
// The same calls on a kernel's eventfd and on efd_eventfd: result, errno, the bytes in the buffer and the count after
// each step must be the same. Tables for what has an edge, and a seeded walk for what only comes in sequence.
#include "common/faces.hpp"

#include <algorithm>
#include <cstring>
#include <functional>
#include <gtest/gtest.h>
#include <poll.h>
#include <random>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <vector>

namespace {

using efd::common::answer;
using efd::common::kernel_face;
using efd::common::library_face;

constexpr std::uint64_t top = UINT64_MAX;
constexpr std::uint64_t largest = UINT64_MAX - 1;

std::string line_of(const std::string& text, const std::string& label) {
    const auto at = text.find(label);
    return at == std::string::npos ? "no " + label : text.substr(at, text.find('\n', at) - at);
}

// Memory that ends, at page[size], in a page that is not there; every byte 0xaa.
struct edge {
    static constexpr std::size_t size = 4096;
    edge()
        : page(static_cast<unsigned char*>(
              ::mmap(nullptr, 2 * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))) {
        if (page == MAP_FAILED) std::abort();
        std::memset(page, 0xaa, size);
        ::mprotect(page + size, size, PROT_NONE);
    }
    ~edge() { ::munmap(page, 2 * size); }
    edge& operator=(edge&&) = delete; // neither copied nor moved
    unsigned char* page;
};

// One face with one descriptor and memory of its own, so that two can be compared byte by byte.
template <class Face>
struct side {
    explicit side(unsigned initval, int flags) : fd(static_cast<int>(Face::make(initval, flags).result)) {}
    ~side() { Face::close(fd); }
    side& operator=(side&&) = delete; // neither copied nor moved

    void add(std::uint64_t n) { ASSERT_EQ(Face::write(fd, &n, sizeof n), (answer{8, 0})); }
    std::string count() const { return line_of(Face::fdinfo(fd), "eventfd-count:"); }

    int fd;
    edge memory;
};

// What a step does, for either face: the address that a table calls 0 is the first byte that is not there.
struct place {
    enum class of : unsigned char { edge, kernel, null } where;
    long offset;
};
template <class Side>
unsigned char* address(const Side& one, const place& at) {
    switch (at.where) {
    case place::of::edge: return one.memory.page + edge::size + at.offset;
    case place::of::kernel:
        return reinterpret_cast<unsigned char*>((~std::uintptr_t{0} << 13) + static_cast<unsigned long>(at.offset));
    case place::of::null: return reinterpret_cast<unsigned char*>(at.offset);
    }
    return nullptr;
}

// Runs one step on both and compares everything that can be seen of it.
class pair_of_sides {
  public:
    pair_of_sides(unsigned initval, int flags) : kernel_(initval, flags), library_(initval, flags) {}

    void add(std::uint64_t n) {
        kernel_.add(n);
        library_.add(n);
    }
    template <class Step>
    answer same(const std::string& what, Step step) {
        const answer expected = step(kernel_face{}, kernel_);
        const answer found = step(library_face{}, library_);
        EXPECT_EQ(found, expected) << what;
        EXPECT_EQ(std::memcmp(kernel_.memory.page, library_.memory.page, edge::size), 0) << what << ": bytes";
        EXPECT_EQ(library_.count(), kernel_.count()) << what << ": count";
        pollfd both[2] = {{kernel_.fd, POLLIN | POLLOUT, 0}, {library_.fd, POLLIN | POLLOUT, 0}};
        EXPECT_GE(::poll(both, 2, 0), 0);
        EXPECT_EQ(both[1].revents, both[0].revents) << what << ": poll";
        return found;
    }

  private:
    side<kernel_face> kernel_;
    side<library_face> library_;
};

std::vector<place> places() {
    using of = place::of;
    std::vector<place> all;
    for (const long before : {0L, 1L, 4L, 7L, 8L, 9L, 64L, 4096L}) all.push_back({of::edge, -before});
    all.push_back({of::kernel, 0});
    all.push_back({of::null, 0});
    all.push_back({of::null, 8});
    return all;
}

constexpr std::size_t lengths[] = {0, 1, 7, 8, 9, 16, 4096, SIZE_MAX / 2, SIZE_MAX / 2 + 1, SIZE_MAX - 7, SIZE_MAX};

TEST(beside_kernel, read_of_each_length_at_each_place) {
    for (const int flags : {int{EFD_NONBLOCK}, EFD_NONBLOCK | EFD_SEMAPHORE})
        for (const std::uint64_t count : {std::uint64_t{0}, std::uint64_t{0x1122334455667788U}})
            for (const std::size_t length : lengths)
                for (const place& at : places()) {
                    pair_of_sides both(0, flags);
                    if (count > 0) both.add(count);
                    both.same("read of " + std::to_string(length) + " at " + std::to_string(at.offset),
                              [&](auto face, auto& on) { return face.read(on.fd, address(on, at), length); });
                }
}

TEST(beside_kernel, write_of_each_length_at_each_place) {
    for (const std::uint64_t count : {std::uint64_t{0}, largest})
        for (const std::size_t length : lengths)
            for (const place& at : places()) {
                pair_of_sides both(0, EFD_NONBLOCK);
                if (count > 0) both.add(count);
                both.same("write of " + std::to_string(length) + " at " + std::to_string(at.offset),
                          [&](auto face, auto& on) { return face.write(on.fd, address(on, at), length); });
            }
}

// Segments by place and length.
using vector_of_parts = std::vector<std::pair<place, std::size_t>>;

template <class Side>
std::vector<iovec> parts_of(const Side& on, const vector_of_parts& table) {
    std::vector<iovec> parts;
    parts.reserve(table.size());
    for (const auto& [at, length] : table) parts.push_back({address(on, at), length});
    return parts;
}

std::vector<vector_of_parts> tables_of_parts() {
    using of = place::of;
    const auto at = [](long offset) { return place{of::edge, offset}; };
    const place kernels{of::kernel, 0};
    std::vector<vector_of_parts> tables = {
        {},
        {{at(-64), 0}},
        {{at(-64), 0}, {at(-64), 0}},
        {{at(-64), 7}},
        {{at(-64), 8}},
        {{at(-64), 9}},
        {{at(-64), 16}},
        {{at(-64), 3}, {at(-32), 4}},
        {{at(-64), 3}, {at(-32), 5}},
        {{at(-64), 4}, {at(-32), 8}},
        {{at(-64), 8}, {at(-32), 8}},
        {{at(-64), 8}, {at(-32), 4}},
        {{at(-64), 0}, {at(-32), 8}},
        {{at(-64), 8}, {at(-32), 0}},
        {{at(-64), 8}, {at(-32), 0}, {at(-16), 8}},
        {{at(-64), 1}, {at(-50), 0}, {at(-40), 4}, {at(-30), 0}, {at(-20), 3}},
        {{at(-3), 3}, {at(0), 5}},
        {{at(-64), 5}, {at(-1), 3}},
        {{at(-64), 8}, {at(0), 8}},
        {{at(0), 8}, {at(-64), 8}},
        {{at(0), 0}, {at(-64), 8}},
        {{at(-64), 8}, {kernels, 8}},
        {{kernels, 0}, {at(-64), 8}},
        {{at(-64), 8}, {at(-64), SIZE_MAX}},
        {{kernels, 8}, {at(-64), SIZE_MAX}},
        {{at(-64), SIZE_MAX}, {kernels, 8}},
        {{at(-64), SIZE_MAX / 2}},
        {{at(-64), SIZE_MAX / 2 + 1}},
        {{kernels, 8}, {at(-64), 8}},
    };
    tables.emplace_back(1024, std::pair{at(-64), std::size_t{0}});
    tables.back()[1023].second = 8;
    tables.emplace_back(1025, std::pair{at(-64), std::size_t{8}});
    tables.emplace_back(40, std::pair{at(-64), std::size_t{8}});
    return tables;
}

TEST(beside_kernel, readv_of_each_vector) {
    for (const std::uint64_t count : {std::uint64_t{0}, std::uint64_t{0x1122334455667788U}})
        for (const vector_of_parts& table : tables_of_parts()) {
            pair_of_sides both(0, EFD_NONBLOCK);
            if (count > 0) both.add(count);
            both.same("readv of " + testing::PrintToString(table.size()) + " segments", [&](auto face, auto& on) {
                const std::vector<iovec> parts = parts_of(on, table);
                return face.readv(on.fd, parts.data(), static_cast<int>(parts.size()));
            });
        }
}

TEST(beside_kernel, writev_of_each_vector) {
    for (const std::uint64_t room :
         {std::uint64_t{0}, std::uint64_t{0x0101010101010101U}, std::uint64_t{0x0202020202020202U}, largest})
        for (const vector_of_parts& table : tables_of_parts()) {
            pair_of_sides both(0, EFD_NONBLOCK);
            if (room < largest) both.add(largest - room);
            both.same("writev of " + testing::PrintToString(table.size()) + " segments", [&](auto face, auto& on) {
                std::memset(on.memory.page, 1, edge::size);
                const std::vector<iovec> parts = parts_of(on, table);
                return face.writev(on.fd, parts.data(), static_cast<int>(parts.size()));
            });
        }
}

TEST(beside_kernel, writev_stops_at_the_first_value_that_none_accepts) {
    pair_of_sides both(0, EFD_NONBLOCK);
    both.same("writev {3, 2^64-1, 4}", [&](auto face, auto& on) {
        const std::uint64_t values[3] = {3, top, 4};
        std::memcpy(on.memory.page, values, sizeof values);
        iovec parts[3];
        for (int i = 0; i < 3; ++i) parts[i] = {on.memory.page + 8 * i, 8};
        return face.writev(on.fd, parts, 3);
    });
}

TEST(beside_kernel, an_array_of_segments_that_is_not_there) {
    for (const int count : {-1, 0, 1, 3, 20, 1024, 1025})
        for (const place& at : {place{place::of::edge, 0}, place{place::of::edge, -24}, place{place::of::kernel, 0},
                                place{place::of::null, 0}}) {
            const std::string what = std::to_string(count) + " segments at " + std::to_string(at.offset);
            const auto prepare = [&](auto& on) {
                const iovec good{on.memory.page, 0};
                std::memcpy(on.memory.page + edge::size - 24, &good, sizeof good);
                std::memset(on.memory.page + edge::size - 8, 0, 8);
                return reinterpret_cast<const iovec*>(address(on, at));
            };
            const auto compare = [&](const char* name, auto step) {
                // The arrays hold addresses of their own side, so the bytes are not compared.
                side<kernel_face> kernel(5, EFD_NONBLOCK);
                side<library_face> library(5, EFD_NONBLOCK);
                EXPECT_EQ(step(library_face{}, library), step(kernel_face{}, kernel)) << name << what;
                EXPECT_EQ(library.count(), kernel.count()) << name << what;
            };
            compare("readv, ", [&](auto face, auto& on) { return face.readv(on.fd, prepare(on), count); });
            compare("writev, ", [&](auto face, auto& on) { return face.writev(on.fd, prepare(on), count); });
        }
}

TEST(beside_kernel, status_flags_set_and_seen) {
    for (const long flags : {long{O_NONBLOCK}, long{O_APPEND}, long{O_ASYNC}, long{O_DIRECT}, long{O_NOATIME}, 0L,
                             long{O_RDONLY}, long{O_WRONLY | O_CREAT}, long{O_NONBLOCK | O_APPEND}}) {
        pair_of_sides both(1, EFD_CLOEXEC);
        both.same("F_SETFL " + std::to_string(flags),
                  [&](auto face, auto& on) { return face.fcntl(on.fd, F_SETFL, flags); });
        both.same("F_GETFL", [&](auto face, auto& on) { return face.fcntl(on.fd, F_GETFL, 0); });
        both.same("F_GETFD", [&](auto face, auto& on) { return face.fcntl(on.fd, F_GETFD, 0); });
        both.same("F_SETOWN", [&](auto face, auto& on) { return face.fcntl(on.fd, F_SETOWN, ::getpid()); });
        both.same("F_GETOWN", [&](auto face, auto& on) { return face.fcntl(on.fd, F_GETOWN, 0); });
        both.same("F_DUPFD to nowhere", [&](auto face, auto& on) { return face.fcntl(on.fd, F_DUPFD, -1); });
        both.same("no command", [&](auto face, auto& on) { return face.fcntl(on.fd, 4711, 0); });
        both.same("flags in fdinfo", [&](auto face, auto& on) {
            return answer{static_cast<long>(std::hash<std::string>{}(line_of(face.fdinfo(on.fd), "flags:"))), 0};
        });
    }
}

TEST(beside_kernel, fdinfo_line_by_line) {
    for (const int flags : {0, int{EFD_NONBLOCK}, EFD_SEMAPHORE | EFD_CLOEXEC}) {
        side<kernel_face> kernel(0xab, flags);
        side<library_face> library(0xab, flags);
        const std::string expected = kernel_face::fdinfo(kernel.fd);
        const std::string found = library_face::fdinfo(library.fd);
        for (const char* label : {"pos:", "flags:", "mnt_id:", "ino:", "eventfd-count:", "eventfd-semaphore:"})
            EXPECT_EQ(line_of(found, label), line_of(expected, label));
        EXPECT_EQ(std::count(found.begin(), found.end(), '\n'), std::count(expected.begin(), expected.end(), '\n'));
        efd_t* const behind = ::efd_fd_ctx(library.fd);
        EXPECT_EQ(line_of(found, "eventfd-id:"), "eventfd-id: " + std::to_string(::efd_id(behind)));
        ::efd_put(behind);
    }
}

TEST(beside_kernel, numbers_that_name_nothing) {
    std::uint64_t value = 1;
    for (const int fd : {-1, 4000, 1 << 24, INT32_MAX, INT32_MIN}) {
        EXPECT_EQ(library_face::read(fd, &value, 0), kernel_face::read(fd, &value, 0)) << fd;
        EXPECT_EQ(library_face::write(fd, &value, 8), kernel_face::write(fd, &value, 8)) << fd;
        EXPECT_EQ(library_face::readv(fd, nullptr, 1), kernel_face::readv(fd, nullptr, 1)) << fd;
        EXPECT_EQ(library_face::writev(fd, nullptr, -1), kernel_face::writev(fd, nullptr, -1)) << fd;
        EXPECT_EQ(library_face::dup(fd), kernel_face::dup(fd)) << fd;
        EXPECT_EQ(library_face::close(fd), kernel_face::close(fd)) << fd;
        EXPECT_EQ(library_face::fcntl(fd, F_GETFL, 0), kernel_face::fcntl(fd, F_GETFL, 0)) << fd;
    }
}

// A walk of calls that none of the tables has in this order.
TEST(beside_kernel, a_walk) {
    const auto seed = std::random_device{}();
    std::mt19937 dice(seed);
    RecordProperty("seed", std::to_string(seed));
    SCOPED_TRACE("seed " + std::to_string(seed));
    const auto upto = [&](unsigned most) { return std::uniform_int_distribution<unsigned>(0, most)(dice); };
    for (int round = 0; round < 40 && !HasFailure(); ++round) {
        pair_of_sides both(upto(3), EFD_NONBLOCK | static_cast<int>(upto(1)));
        for (int step = 0; step < 60 && !HasFailure(); ++step) {
            const std::uint64_t values[] = {0, 1, 2, 64, 65, 1U << 27, largest / 2, largest - 1, largest, top};
            const std::uint64_t value = values[upto(9)];
            const long at = -static_cast<long>(upto(20)) - 2;
            const std::size_t length = upto(3) == 0 ? upto(20) : 8;
            if (upto(1) == 0)
                both.same("read", [&](auto face, auto& on) {
                    return face.read(on.fd, address(on, {place::of::edge, at}), length);
                });
            else
                both.same("write", [&](auto face, auto& on) {
                    std::memcpy(on.memory.page, &value, sizeof value);
                    return face.write(on.fd, on.memory.page, length);
                });
        }
    }
}

} // namespace
