// SPDX-License-Identifier: MIT
// tests/cli/ls_arena_test.cpp: what `efd ls` finds in the memory of arenas, honest and hostile.
#include "cli/arena_scan.hpp"

#include <efd/detail/core/word.hpp>

#include "share/layout.hpp"
#include "share/tenant.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace {

namespace core = efd::core;
namespace fs = std::filesystem;
namespace share = efd::share;
using efd::cli::arena_scan_options;
using efd::cli::seen_arena;
using share::refusal;

constexpr share::identity own_identity{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0xab};

// Memory that is filled by hand.
class made_arena {
  public:
    explicit made_arena(const share::numbers& size, std::uint64_t offset = 0)
        : where(share::layout_of(size)), offset_(offset), fd_(::memfd_create("efd-arena", MFD_CLOEXEC)) {
        EXPECT_EQ(::ftruncate(fd_, static_cast<off_t>(offset + where.bytes)), 0);
        put(0, header());
    }
    ~made_arena() { ::close(fd_); }
    made_arena& operator=(made_arena&&) = delete; // neither copied nor moved

    [[nodiscard]] share::header header() const {
        return {share::header_magic, share::layout_version, share::byte_order_mark, where.bytes,        where.slots,
                where.processes,     where.names,           where.first_look_ms,    where.last_look_ms, where.sets,
                own_identity};
    }
    template <class Value>
    void put(std::uint64_t at, const Value& value) {
        EXPECT_EQ(::pwrite(fd_, &value, sizeof value, static_cast<off_t>(offset_ + at)), ssize_t{sizeof value});
    }
    void object(std::uint32_t slot, share::tenant_word tenant, std::array<std::uint64_t, 3> words) {
        put(where.tenants_at + std::uint64_t{slot} * 8, tenant);
        put(where.slots_at + std::uint64_t{slot} * share::line_bytes, words);
    }
    void name(std::uint32_t index, std::uint64_t id, const std::string& text) {
        std::array<char, share::name_bytes> bytes{};
        text.copy(bytes.data(), bytes.size());
        put(where.names_at + std::uint64_t{index} * sizeof(share::name_entry), id);
        put(where.names_at + std::uint64_t{index} * sizeof(share::name_entry) + 8, bytes);
    }
    void entry(std::uint32_t index, std::uint32_t pid) {
        put(where.processes_at + std::uint64_t{index} * sizeof(share::process_entry),
            std::array<std::uint32_t, 2>{1, pid});
    }
    [[nodiscard]] refusal read(seen_arena& found, const arena_scan_options& options = {}) const {
        std::uint64_t budget = options.bytes_most;
        return efd::cli::read_arena(fd_, offset_, options, {{own_identity, ::geteuid(), "camera"}}, budget, found);
    }
    [[nodiscard]] int fd() const { return fd_; }

    share::layout where;

  private:
    std::uint64_t offset_;
    int fd_;
};

constexpr share::tenant_word first_tenant = share::next_tenant(0, false);
constexpr share::tenant_word first_permits = share::next_tenant(0, true);

TEST(arena_scan, objects_are_listed_with_count_marks_and_name) {
    for (const std::uint64_t offset : {std::uint64_t{0}, std::uint64_t{65536}}) {
        made_arena arena({.slots = 100, .processes = 5}, offset);
        constexpr std::uint64_t sealed = core::with_seal(core::with_count(0, core::packed_limit));
        arena.object(3, first_tenant, {core::with_count(core::asleep_mark, 7), 0, 0});
        arena.object(4, first_permits | share::tenant_named,
                     {sealed, UINT64_MAX - core::packed_limit, std::uint64_t{core::asleep_mark} << 32});
        arena.object(99, share::as_leaving(first_tenant), {0, 0, 0});
        arena.object(50, share::as_free(first_tenant), {core::one_unit, 0, 0});
        arena.name(90, share::id_of(4, 1), "permits");
        arena.entry(1, 17);
        arena.entry(4, 18);
        seen_arena found;
        ASSERT_EQ(arena.read(found), refusal::none);
        EXPECT_EQ(found.name, "camera");
        EXPECT_EQ(found.identity, own_identity);
        EXPECT_EQ(found.offset, offset);
        EXPECT_TRUE(found.is_whole);
        EXPECT_EQ(found.live, 3U);
        EXPECT_EQ(found.entries_in_use, 2U);
        EXPECT_EQ(found.entry_pids, (std::vector<std::uint32_t>{17, 18}));
        ASSERT_EQ(found.objects.size(), 3U);
        EXPECT_EQ(found.objects[0].id, share::id_of(3, 1));
        EXPECT_EQ(found.objects[0].count, 7U);
        EXPECT_TRUE(found.objects[0].may_have_reader);
        EXPECT_FALSE(found.objects[0].is_sealed || found.objects[0].may_have_writer || found.objects[0].is_semaphore);
        EXPECT_EQ(found.objects[1].name, "permits");
        EXPECT_EQ(found.objects[1].count, UINT64_MAX) << "base and huge together";
        EXPECT_TRUE(found.objects[1].is_sealed && found.objects[1].may_have_writer && found.objects[1].is_semaphore);
        EXPECT_FALSE(found.objects[1].may_have_reader);
        EXPECT_EQ(found.objects[2].id, share::id_of(99, 1));
    }
}

TEST(arena_scan, a_hostile_header_is_refused) {
    struct changed {
        refusal why;
        void (*change)(share::header&);
    };
    for (const changed& one : {
             changed{refusal::not_an_arena, [](share::header& h) { h.magic = 0; }},
             changed{refusal::other_version, [](share::header& h) { ++h.version; }},
             changed{refusal::other_byte_order, [](share::header& h) { h.byte_order = 0x04030201; }},
             changed{refusal::damaged_header, [](share::header& h) { h.slots = UINT32_MAX; }},
             changed{refusal::damaged_header, [](share::header& h) { h.processes = 1U << 30; }},
             changed{refusal::damaged_header, [](share::header& h) { h.names = 0; }},
             changed{refusal::wrong_size, [](share::header& h) { h.slots = share::slots_most; }},
             changed{refusal::wrong_size, [](share::header& h) { h.bytes = UINT64_MAX; }},
         }) {
        made_arena arena({.slots = 100, .processes = 5});
        share::header header = arena.header();
        one.change(header);
        arena.put(0, header);
        seen_arena found;
        EXPECT_EQ(arena.read(found), one.why);
    }
    made_arena arena({.slots = 100, .processes = 5});
    seen_arena found;
    EXPECT_EQ(::ftruncate(arena.fd(), 5000), 0);
    EXPECT_EQ(arena.read(found), refusal::wrong_size);
    EXPECT_EQ(::ftruncate(arena.fd(), 0), 0);
    EXPECT_EQ(arena.read(found), refusal::wrong_size);
}

TEST(arena_scan, hostile_names_are_texts_or_none) {
    made_arena arena({.slots = 100, .processes = 5});
    arena.object(3, first_tenant, {0, 0, 0});
    arena.name(0, share::id_of(100, 1), "beyond");
    arena.name(1, share::id_of(UINT32_MAX, 1), "far beyond");
    arena.name(2, share::id_of(3, 2), "of another generation");
    arena.name(3, share::id_of(4, 1), "of a free slot");
    seen_arena found;
    ASSERT_EQ(arena.read(found), refusal::none);
    ASSERT_EQ(found.objects.size(), 1U);
    EXPECT_EQ(found.objects[0].name, "");
    const std::string endless(share::name_bytes, '\x1b'); // no zero ends it
    arena.name(4, share::id_of(3, 1), endless);
    seen_arena again;
    ASSERT_EQ(arena.read(again), refusal::none);
    EXPECT_EQ(again.objects.at(0).name, endless);
}

TEST(arena_scan, what_is_listed_and_read_has_bounds) {
    made_arena arena({.slots = 1000, .processes = 5, .names = 100});
    for (std::uint32_t slot = 0; slot < 1000; ++slot) arena.object(slot, first_tenant, {core::one_unit, 0, 0});
    for (std::uint32_t slot = 500; slot < 550; ++slot) arena.name(slot - 500, share::id_of(slot, 1), "n");
    arena_scan_options few{.named_most = 10, .unnamed_most = 4};
    seen_arena found;
    ASSERT_EQ(arena.read(found, few), refusal::none);
    EXPECT_EQ(found.live, 1000U);
    EXPECT_EQ(found.objects.size(), 14U);
    EXPECT_EQ(found.unlisted, 986U);
    few.wants = [](const std::string& name, const efd::cli::arena_object& one) {
        return name == "camera" && share::slot_of(one.id) == 777;
    };
    seen_arena one;
    ASSERT_EQ(arena.read(one, few), refusal::none);
    EXPECT_EQ(one.live, 1000U);
    ASSERT_EQ(one.objects.size(), 1U);
    EXPECT_EQ(one.unlisted, 0U);
    few.bytes_most = 8192; // enough for the header, the entries and the names, but not for the slots
    seen_arena part;
    ASSERT_EQ(arena.read(part, few), refusal::none);
    EXPECT_FALSE(part.is_whole);
}

// 8 GiB of slots, of which nothing but some pages has memory.
TEST(arena_scan, the_largest_arena_is_looked_at_as_far_as_it_has_memory) {
    made_arena arena({.slots = share::slots_most, .processes = share::processes_most, .names = share::names_most});
    constexpr std::uint32_t last = share::slots_most - 1;
    arena.object(last, first_tenant, {core::with_count(0, 3), 0, 0});
    arena.name(share::names_most - 1, share::id_of(last, 1), "last");
    seen_arena found;
    ASSERT_EQ(arena.read(found), refusal::none);
    EXPECT_TRUE(found.is_whole);
    ASSERT_EQ(found.objects.size(), 1U);
    EXPECT_EQ(found.objects[0].name, "last");
    EXPECT_EQ(found.objects[0].count, 3U);
}

TEST(arena_scan, any_bytes_behind_the_header_do_no_harm) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    for (int round = 0; round < 50; ++round) {
        made_arena arena({.slots = 3000, .processes = 64});
        std::vector<std::uint64_t> noise((arena.where.bytes - share::header_bytes) / 8);
        for (std::uint64_t& word : noise) word = random();
        const auto* const bytes = reinterpret_cast<const char*>(noise.data());
        ASSERT_EQ(::pwrite(arena.fd(), bytes, noise.size() * 8, share::header_bytes),
                  static_cast<ssize_t>(noise.size() * 8));
        seen_arena found;
        ASSERT_EQ(arena.read(found), refusal::none);
        EXPECT_LE(found.live, 3000U);
        EXPECT_LE(found.objects.size(), 32U + 4096U);
        EXPECT_EQ(found.objects.size() + found.unlisted, found.live);
    }
}

class name_directory {
  public:
    name_directory() {
        std::string name = fs::temp_directory_path() / "efd-names-XXXXXX";
        path = ::mkdtemp(name.data());
    }
    ~name_directory() { fs::remove_all(path); }
    name_directory& operator=(name_directory&&) = delete; // neither copied nor moved
    void add(const std::string& name, const share::name_header& header) const {
        std::ofstream(path / name).write(reinterpret_cast<const char*>(&header), sizeof header);
    }
    fs::path path;
};

TEST(arena_scan, names_of_arenas_are_files_of_their_kind) {
    const name_directory names;
    names.add("camera.arena", share::header_for(own_identity));
    names.add("no-ending", share::header_for(own_identity));
    names.add("bad name.arena", share::header_for(own_identity));
    names.add("other.arena", {});
    std::ofstream(names.path / "short.arena") << "efdfname";
    fs::create_symlink("camera.arena", names.path / "link.arena");
    fs::create_directory(names.path / "directory.arena");
    ASSERT_EQ(::mkfifo((names.path / "pipe.arena").c_str(), 0600), 0); // an open must not wait for its other end
    const auto found = efd::cli::read_arena_names({"/no/such/directory", names.path});
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].name, "camera");
    EXPECT_EQ(found[0].identity, own_identity);
    EXPECT_EQ(found[0].owner, ::geteuid());
}

TEST(arena_scan, a_name_of_another_users_file_does_not_count) {
    const made_arena arena({.slots = 100, .processes = 5});
    seen_arena found;
    std::uint64_t budget = 1U << 20;
    ASSERT_EQ(efd::cli::read_arena(arena.fd(), 0, {}, {{own_identity, ::geteuid() + 1, "forged"}}, budget, found),
              refusal::none);
    EXPECT_EQ(found.name, "");
}

bool lock_byte(int fd, std::uint64_t byte) {
    struct flock wanted{};
    wanted.l_type = F_WRLCK;
    wanted.l_whence = SEEK_SET;
    wanted.l_start = static_cast<off_t>(share::life_byte + byte);
    wanted.l_len = 1;
    return ::fcntl(fd, F_OFD_SETLK, &wanted) == 0;
}

const seen_arena* arena_of(int fd, const efd::cli::arena_listing& listing) {
    struct stat about{};
    if (::fstat(fd, &about) != 0) return nullptr;
    for (const seen_arena& one : listing.arenas)
        if (one.inode == about.st_ino && one.device == about.st_dev) return &one;
    return nullptr;
}

const efd::cli::arena_holder* own_holder(const seen_arena& one) {
    for (const efd::cli::arena_holder& holder : one.holders)
        if (holder.who.pid == static_cast<std::uint32_t>(::getpid())) return &holder;
    return nullptr;
}

// Of this process, through the machine's own /proc.
TEST(arena_scan, a_process_uses_the_arena_in_which_it_has_a_life_line) {
    const made_arena open_only({.slots = 100, .processes = 5});
    const made_arena used({.slots = 100, .processes = 5});
    const made_arena placed({.slots = 100, .processes = 5}, 1U << 20);
    ASSERT_TRUE(lock_byte(used.fd(), 4));
    ASSERT_TRUE(lock_byte(placed.fd(), (1U << 20) / 2 + 1));
    const auto found = efd::cli::scan_arenas(efd::cli::scan_proc({}).memory, {});
    for (const made_arena* const one : {&open_only, &used, &placed}) {
        const seen_arena* const shown = arena_of(one->fd(), found);
        ASSERT_NE(shown, nullptr);
        const efd::cli::arena_holder* const own = own_holder(*shown);
        ASSERT_NE(own, nullptr);
        EXPECT_EQ(own->who.numbers, std::vector<std::uint32_t>{static_cast<std::uint32_t>(one->fd())});
        EXPECT_EQ(own->is_user, one != &open_only);
        EXPECT_EQ(shown->offset, one == &placed ? 1U << 20 : 0U);
    }
}

TEST(arena_scan, memory_that_is_called_an_arena_and_is_none_is_reported) {
    made_arena broken({.slots = 100, .processes = 5});
    broken.put(0, share::header{});
    const auto found = efd::cli::scan_arenas(efd::cli::scan_proc({}).memory, {});
    EXPECT_EQ(arena_of(broken.fd(), found), nullptr);
    bool is_reported = false;
    for (const efd::cli::refused_arena& one : found.refused)
        if (one.who.pid == static_cast<std::uint32_t>(::getpid())) is_reported = one.why == refusal::not_an_arena;
    EXPECT_TRUE(is_reported);
}

} // namespace
