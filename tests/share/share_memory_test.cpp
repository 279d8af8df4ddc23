// SPDX-License-Identifier: MIT
// tests/share/share_memory_test.cpp: the memory of an arena: made, sealed, attached to, placed in other memory,
// released.
#include "os/shared_memory.hpp"
#include "share/kernel_files.hpp"
#include "share/memory.hpp"
#include "support/child.hpp"
#include "support/sanitizer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <sys/eventfd.h>

namespace {

using namespace efd::share;
using namespace efd::tests;
using word = efd::base::atomic<std::uint64_t>;

word& word_at(const arena_memory& memory, std::uint64_t offset) {
    return *reinterpret_cast<word*>(memory.mapping().header() + offset);
}

arena_memory made_with(const creation& asked = {}) {
    arena_memory made;
    EXPECT_EQ(arena_memory::create(asked, made), refusal::none);
    return made;
}

std::uint64_t allocated_bytes(int fd) {
    struct stat about{};
    ::fstat(fd, &about);
    return static_cast<std::uint64_t>(about.st_blocks) * 512;
}

void expect_zero_but_the_header(const arena_memory& memory) {
    for (std::uint64_t at = sizeof(header); at < memory.where().bytes; at += 8)
        ASSERT_EQ(word_at(memory, at).load(), 0U) << "at " << at;
}

TEST(share_memory, what_is_made_is_sealed_and_private_and_closed_by_exec) {
    const arena_memory made = made_with();
    const int fd = made.descriptor().number();
    EXPECT_EQ(::fcntl(fd, F_GET_SEALS) & all_seals, all_seals);
    EXPECT_EQ(::fcntl(fd, F_GETFD), FD_CLOEXEC);
    struct stat about{};
    ASSERT_EQ(::fstat(fd, &about), 0);
    EXPECT_EQ(about.st_mode & 07777U, 0600U);
    EXPECT_EQ(static_cast<std::uint64_t>(about.st_size), layout_of({}).bytes);
    EXPECT_NE(::ftruncate(fd, 0), 0);
    EXPECT_NE(::ftruncate(fd, about.st_size * 2), 0);
    EXPECT_NE(::fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), 0);
    EXPECT_EQ(permissions_at(reinterpret_cast<std::uintptr_t>(made.mapping().header())), "rw-s");
}

TEST(share_memory, the_mode_is_the_one_asked_for) {
    const arena_memory made = made_with({.mode = 0660});
    struct stat about{};
    ASSERT_EQ(::fstat(made.descriptor().number(), &about), 0);
    EXPECT_EQ(about.st_mode & 07777U, 0660U);
}

TEST(share_memory, every_word_but_the_header_is_zero) {
    const arena_memory made = made_with({.size = {.slots = 5000, .processes = 3}});
    ASSERT_EQ(made.where().slots, 5000U);
    expect_zero_but_the_header(made);
}

TEST(share_memory, every_page_has_its_memory_from_the_beginning_unless_it_is_sparse) {
    const creation asked{.size = {.slots = 100'000}};
    const arena_memory full = made_with(asked);
    EXPECT_GE(allocated_bytes(full.descriptor().number()), full.where().bytes);
    const arena_memory sparse = made_with({.size = asked.size, .is_sparse = true});
    EXPECT_LE(allocated_bytes(sparse.descriptor().number()), 65536U);
    EXPECT_EQ(sparse.where().bytes, full.where().bytes);
}

TEST(share_memory, a_process_that_attaches_has_the_same_words_and_a_number_of_its_own) {
    const arena_memory made = made_with();
    arena_memory other;
    {
        const kernel_file copy(::dup(made.descriptor().number()));
        ASSERT_EQ(arena_memory::attach(copy.fd(), {}, other), refusal::none);
        EXPECT_NE(other.descriptor().number(), copy.fd());
    }
    EXPECT_NE(other.mapping().header(), made.mapping().header());
    EXPECT_TRUE(other.own_header().identity == made.own_header().identity);
    EXPECT_EQ(::fcntl(other.descriptor().number(), F_GETFD), FD_CLOEXEC);
    for (const std::uint64_t at : {made.where().rows_at, made.where().slots_at, made.where().bytes - 8}) {
        word_at(made, at).store(at);
        EXPECT_EQ(word_at(other, at).load(), at);
    }
}

TEST(share_memory, arenas_have_identities_that_differ) {
    const arena_memory one = made_with();
    const arena_memory other = made_with();
    EXPECT_FALSE(one.own_header().identity == other.own_header().identity);
    EXPECT_FALSE(one.own_header().identity == header{}.identity);
}

TEST(share_memory, what_a_peer_writes_over_the_header_changes_nothing) {
    const arena_memory made = made_with();
    const header before = made.own_header();
    for (std::uint64_t at = 0; at < sizeof(header); at += 8) word_at(made, at).store(~0ULL);
    EXPECT_EQ(std::memcmp(&made.own_header(), &before, sizeof before), 0);
    EXPECT_EQ(made.where().slots, 1024U);
    EXPECT_EQ(made.mapping().slots()->objects, 1024U);
    arena_memory late;
    EXPECT_EQ(arena_memory::attach(made.descriptor().number(), {}, late), refusal::not_an_arena);
}

TEST(share_memory, a_hole_is_zero_and_no_fault) {
    const arena_memory made = made_with();
    word_at(made, made.where().slots_at).store(7);
    ASSERT_EQ(::fallocate(made.descriptor().number(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
                          static_cast<off_t>(made.where().bytes)),
              0);
    EXPECT_EQ(word_at(made, made.where().slots_at).load(), 0U);
    word_at(made, made.where().slots_at).store(8);
    EXPECT_EQ(word_at(made, made.where().slots_at).load(), 8U);
}

TEST(share_memory, a_child_of_fork_has_the_same_memory) {
    const arena_memory made = made_with();
    const int status = status_of_child([&made] {
        word_at(made, made.where().slots_at).store(42);
        arena_memory again;
        return arena_memory::attach(made.descriptor().number(), {}, again).is_refused() ? 1 : 0;
    });
    EXPECT_EQ(status, 0);
    EXPECT_EQ(word_at(made, made.where().slots_at).load(), 42U);
}

TEST(share_memory, a_number_that_the_program_closed_and_uses_for_another_file_stays_open) {
    arena_memory made = made_with();
    const int number = made.descriptor().number();
    const kernel_file other(::eventfd(0, EFD_CLOEXEC));
    ASSERT_EQ(::dup2(other.fd(), number), number);
    EXPECT_FALSE(made.descriptor().is_intact());
    made.reset();
    EXPECT_GE(::fcntl(number, F_GETFD), 0);
    ::close(number);
}

TEST(share_memory, it_moves_and_is_released_once) {
    const std::size_t files = open_descriptors();
    const std::size_t maps = lines_of_maps("memfd:efd-arena");
    arena_memory one = made_with();
    const std::byte* const place = one.mapping().header();
    arena_memory two = std::move(one);
    EXPECT_EQ(two.mapping().header(), place);
    two = made_with();
    EXPECT_EQ(lines_of_maps("memfd:efd-arena"), maps + 1);
    two.reset();
    EXPECT_FALSE(two.is_mapped());
    EXPECT_EQ(lines_of_maps("memfd:efd-arena"), maps);
    EXPECT_EQ(open_descriptors(), files);
}

TEST(share_memory, making_and_attaching_leak_no_mapping_and_no_descriptor) {
    const auto round = [] {
        const arena_memory made = made_with();
        arena_memory other;
        EXPECT_EQ(arena_memory::attach(made.descriptor().number(), {}, other), refusal::none);
        EXPECT_NE(arena_memory::attach_at(made.descriptor().number(), 65536, {}, other), refusal::none);
    };
    round();
    const std::size_t files = open_descriptors();
    const std::size_t lines = lines_of_maps("-");
    const std::size_t kib = mapped_kib();
    for (int i = 0; i < 200; ++i) round();
    EXPECT_EQ(open_descriptors(), files);
    EXPECT_LE(lines_of_maps("-"), lines + 3);
    if (under_sanitizer) return;
    EXPECT_LE(mapped_kib(), kib + 200 * 4) << "more than a page was left by each round";
}

// ---- Placed.

class placed : public testing::Test {
  protected:
    static constexpr std::uint64_t first_at = 4096;
    static constexpr std::uint64_t second_at = first_at + (std::uint64_t{1} << 20);
    static constexpr std::uint64_t end = std::uint64_t{4} << 20;
    const creation asked_{.size = {.slots = 64, .processes = 2}};
    // A memfd as users make them: open to all by its mode, filled with their own bytes, and growable.
    const kernel_file file_{::memfd_create("ring", MFD_CLOEXEC | MFD_ALLOW_SEALING)};

    placed() {
        const std::vector<char> own(static_cast<std::size_t>(end), 'u');
        EXPECT_EQ(::write(file_.fd(), own.data(), own.size()), static_cast<ssize_t>(own.size()));
        EXPECT_EQ(::fcntl(file_.fd(), F_ADD_SEALS, F_SEAL_SHRINK), 0);
    }
    void expect_users_bytes(std::uint64_t from, std::uint64_t to) const {
        const auto own = file_.bytes(from, to - from);
        EXPECT_EQ(std::count(own.begin(), own.end(), 'u'), static_cast<std::ptrdiff_t>(to - from)) << from;
    }
};

TEST_F(placed, arenas_share_a_file_with_the_user_and_with_each_other) {
    arena_memory one;
    arena_memory two;
    ASSERT_EQ(arena_memory::place(file_.fd(), first_at, asked_, {}, one), refusal::none);
    ASSERT_EQ(arena_memory::place(file_.fd(), second_at, asked_, {}, two), refusal::none);
    const std::uint64_t last_lock_of_one = one.first_lock_byte() + processes_most;
    EXPECT_LT(last_lock_of_one, two.first_lock_byte());
    arena_memory attached;
    ASSERT_EQ(arena_memory::attach_at(file_.fd(), second_at, {}, attached), refusal::none);
    EXPECT_TRUE(attached.own_header().identity == two.own_header().identity);
    word_at(two, two.where().slots_at).store(9);
    EXPECT_EQ(word_at(attached, two.where().slots_at).load(), 9U);
    EXPECT_EQ(word_at(one, one.where().slots_at).load(), 0U);
    expect_users_bytes(0, first_at);
    expect_users_bytes(first_at + one.where().bytes, second_at);
    expect_users_bytes(second_at + two.where().bytes, end);
}

TEST_F(placed, its_part_is_cleared_and_has_its_memory) {
    arena_memory made;
    ASSERT_EQ(arena_memory::place(file_.fd(), first_at, asked_, {}, made), refusal::none);
    expect_zero_but_the_header(made);
    EXPECT_GE(allocated_bytes(file_.fd()), end);
}

TEST_F(placed, it_is_attached_to_at_its_offset_alone) {
    arena_memory made;
    arena_memory other;
    ASSERT_EQ(arena_memory::place(file_.fd(), first_at, asked_, {}, made), refusal::none);
    EXPECT_EQ(arena_memory::attach_at(file_.fd(), second_at, {}, other), refusal::not_an_arena);
    EXPECT_EQ(arena_memory::attach_at(file_.fd(), first_at + 8, {}, other), refusal::invalid_options);
    EXPECT_EQ(arena_memory::attach_at(file_.fd(), std::uint64_t{1} << 62, {}, other), refusal::invalid_options);
    EXPECT_EQ(arena_memory::attach_at(file_.fd(), end, {}, other), refusal::wrong_size);
    EXPECT_EQ(arena_memory::attach(file_.fd(), {}, other), refusal::not_sealed);
    EXPECT_EQ(arena_memory::attach_at(file_.fd(), first_at, {}, other), refusal::none);
}

TEST_F(placed, it_fits_or_is_refused) {
    arena_memory made;
    const std::uint64_t bytes = layout_of(asked_.size).bytes;
    EXPECT_EQ(arena_memory::place(file_.fd(), end - bytes + 65536, asked_, {}, made), refusal::too_small);
    EXPECT_EQ(arena_memory::place(file_.fd(), end + 65536, asked_, {}, made), refusal::too_small);
    EXPECT_EQ(arena_memory::place(file_.fd(), 1, asked_, {}, made), refusal::invalid_options);
    EXPECT_EQ(arena_memory::place(file_.fd(), 0, {.size = {.slots = 0}}, {}, made), refusal::invalid_options);
    expect_users_bytes(0, end);
    EXPECT_EQ(arena_memory::place(file_.fd(), end - bytes, asked_, {}, made), refusal::none);
}

TEST_F(placed, memory_that_may_shrink_is_refused_unless_it_is_allowed) {
    const kernel_file open_ended(::memfd_create("ring", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    ASSERT_EQ(::ftruncate(open_ended.fd(), 1 << 20), 0);
    arena_memory made;
    EXPECT_EQ(arena_memory::place(open_ended.fd(), 0, asked_, {}, made), refusal::not_sealed);
    EXPECT_EQ(arena_memory::place(open_ended.fd(), 0, asked_, {.unsealed = true}, made), refusal::none);
    arena_memory other;
    EXPECT_EQ(arena_memory::attach_at(open_ended.fd(), 0, {}, other), refusal::not_sealed);
    EXPECT_EQ(arena_memory::attach_at(open_ended.fd(), 0, {.unsealed = true}, other), refusal::none);
}

} // namespace
