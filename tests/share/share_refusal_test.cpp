// SPDX-License-Identifier: MIT
// tests/share/share_refusal_test.cpp: every way in which memory is refused, by a broken or hostile descriptor.
//
// After each refusal no descriptor and no mapping is left. What needs root or another file system is skipped with a
// word.
#include "os/shared_memory.hpp"
#include "share/kernel_files.hpp"
#include "share/memory.hpp"
#include "support/child.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstdlib>
#include <sched.h>
#include <set>
#include <string>
#include <sys/eventfd.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>

namespace {

using namespace efd::share;
using namespace efd::tests;

constexpr std::uint64_t whole = layout_of({}).bytes;
constexpr std::uint32_t other_user = 54321;

std::size_t mappings_of_memory() { return lines_of_maps("memfd:") + lines_of_maps("/dev/shm"); }

class refused : public testing::Test {
  protected:
    refused() {
        arena_memory first;
        EXPECT_EQ(arena_memory::create({}, first), refusal::none); // the range is reserved now
        first.reset();
        mappings_ = mappings_of_memory();
        windows_ = windows_in_use();
    }

    // How an attach ends; nothing is left of it.
    outcome attach(int fd, const trust& allowed = {}) {
        const std::size_t before = open_descriptors();
        arena_memory made;
        const outcome what = arena_memory::attach(fd, allowed, made);
        EXPECT_EQ(made.is_mapped(), what == refusal::none);
        made.reset();
        EXPECT_EQ(open_descriptors(), before);
        EXPECT_EQ(windows_in_use(), windows_);
        EXPECT_EQ(mappings_of_memory(), mappings_);
        return what;
    }
    outcome attach_to(const memory_plan& plan, const trust& allowed = {}) {
        const kernel_file file = hostile_memory(plan);
        EXPECT_GE(file.fd(), 0);
        return attach(file.fd(), allowed);
    }
    template <class Change>
    outcome attach_with_header(Change change) {
        memory_plan plan;
        change(plan.header);
        return attach_to(plan);
    }

  private:
    std::size_t mappings_ = 0;
    std::uint32_t windows_ = 0;
};

// In a child: the exit status is 100 and the refusal.
template <class Body>
int outcome_in_child(Body body) {
    return status_of_child([&] { return 100 + static_cast<int>(body().why); });
}
int status_for(refusal why) { return 100 + static_cast<int>(why); }

TEST_F(refused, nothing_that_is_as_the_library_makes_it) { EXPECT_EQ(attach_to({}), refusal::none); }

TEST_F(refused, a_number_that_names_no_file) {
    EXPECT_EQ(attach(-1), refusal::bad_descriptor);
    EXPECT_EQ(attach(987'654), refusal::bad_descriptor);
    const kernel_file path(::open("/", O_PATH | O_CLOEXEC));
    EXPECT_EQ(attach(path.fd()), refusal::bad_descriptor);
}

TEST_F(refused, what_is_no_memory_whatever_is_allowed) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const kernel_file reader(ends[0]);
    const kernel_file writer(ends[1]);
    const kernel_file counter(::eventfd(0, EFD_CLOEXEC));
    const kernel_file socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const kernel_file device(::open("/dev/zero", O_RDWR | O_CLOEXEC));
    const kernel_file directory(::open("/dev/shm", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const kernel_file of_proc(::open("/proc/self/mem", O_RDWR | O_CLOEXEC));
    for (const kernel_file* const one : {&reader, &writer, &counter, &socket, &device, &directory, &of_proc}) {
        ASSERT_GE(one->fd(), 0);
        EXPECT_EQ(attach(one->fd()), refusal::not_memory);
        EXPECT_EQ(attach(one->fd(), {.unsealed = true, .other_owner = true, .mode = 0777}), refusal::not_memory);
    }
}

TEST_F(refused, a_file_on_a_disk) {
    const header good = good_header();
    char name[] = "./efd-refused-XXXXXX"; // in the build tree
    const kernel_file file(::mkostemp(name, O_CLOEXEC));
    ASSERT_GE(file.fd(), 0);
    ::unlink(name);
    ASSERT_EQ(::ftruncate(file.fd(), static_cast<off_t>(whole)), 0);
    ASSERT_EQ(::pwrite(file.fd(), &good, sizeof good, 0), static_cast<ssize_t>(sizeof good));
    if (::fcntl(file.fd(), F_GET_SEALS) >= 0) GTEST_SKIP() << "the build tree is in a tmpfs";
    EXPECT_EQ(attach(file.fd(), {.unsealed = true}), refusal::not_memory);
}

TEST_F(refused, memory_of_huge_pages) {
    constexpr unsigned huge = 0x4; // MFD_HUGETLB
    const kernel_file file(::memfd_create("huge", MFD_CLOEXEC | MFD_ALLOW_SEALING | huge));
    if (file.fd() < 0) GTEST_SKIP() << "this kernel has no huge pages";
    ASSERT_EQ(::fcntl(file.fd(), F_ADD_SEALS, all_seals), 0);
    EXPECT_EQ(attach(file.fd()), refusal::not_memory);
}

TEST_F(refused, memory_that_is_not_sealed_against_every_change_of_size) {
    for (const int seals :
         {0, F_SEAL_SHRINK, F_SEAL_GROW | F_SEAL_SEAL, F_SEAL_SHRINK | F_SEAL_SEAL, F_SEAL_SHRINK | F_SEAL_GROW}) {
        EXPECT_EQ(attach_to({.seals = seals}), refusal::not_sealed) << seals;
        EXPECT_EQ(attach_to({.seals = seals}, {.unsealed = true}), refusal::none) << seals;
    }
}

// Its seals are 1: no further ones, and none of those that are wanted.
TEST_F(refused, a_file_of_dev_shm) {
    const header good = good_header();
    const std::string name = "/dev/shm/efd-refused-" + std::to_string(::getpid());
    const kernel_file file(::open(name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (file.fd() < 0) GTEST_SKIP() << "no /dev/shm";
    ::unlink(name.c_str());
    ASSERT_EQ(::ftruncate(file.fd(), static_cast<off_t>(whole)), 0);
    ASSERT_EQ(::pwrite(file.fd(), &good, sizeof good, 0), static_cast<ssize_t>(sizeof good));
    EXPECT_EQ(attach(file.fd()), refusal::not_sealed);
    EXPECT_EQ(attach(file.fd(), {.unsealed = true}), refusal::none);
}

TEST_F(refused, memory_that_cannot_be_written_to) {
    EXPECT_EQ(attach_to({.seals = all_seals | F_SEAL_WRITE}), refusal::read_only);
    EXPECT_EQ(attach_to({.seals = all_seals | F_SEAL_FUTURE_WRITE}), refusal::read_only);
    const kernel_file good = hostile_memory({});
    const std::string path = "/proc/self/fd/" + std::to_string(good.fd());
    const kernel_file reader(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    ASSERT_GE(reader.fd(), 0);
    EXPECT_EQ(attach(reader.fd()), refusal::read_only);
}

TEST_F(refused, memory_of_another_user_unless_that_is_allowed) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    const kernel_file of_other = hostile_memory({});
    const kernel_file of_root = hostile_memory({});
    ASSERT_EQ(::fchown(of_other.fd(), other_user, 0), 0);
    EXPECT_EQ(attach(of_other.fd()), refusal::other_owner) << "root is no exception";
    EXPECT_EQ(attach(of_other.fd(), {.other_owner = true}), refusal::none);
    const auto attach_as = [](std::uint32_t user, int fd) {
        return outcome_in_child([&] {
            arena_memory made;
            return ::seteuid(user) != 0 ? outcome(refusal::system) : arena_memory::attach(fd, {}, made);
        });
    };
    EXPECT_EQ(attach_as(other_user, of_other.fd()), status_for(refusal::none));
    EXPECT_EQ(attach_as(other_user, of_root.fd()), status_for(refusal::none)) << "root may change the process anyhow";
    EXPECT_EQ(attach_as(other_user + 1, of_other.fd()), status_for(refusal::other_owner));
}

TEST_F(refused, memory_that_others_may_write_to_unless_that_mode_is_allowed) {
    for (const mode_t mode : {0620U, 0602U, 0666U, 0777U})
        EXPECT_EQ(attach_to({.mode = mode}), refusal::too_open) << std::oct << mode;
    EXPECT_EQ(attach_to({.mode = 0644}), refusal::none);
    EXPECT_EQ(attach_to({.mode = 0660}, {.mode = 0660}), refusal::none);
    EXPECT_EQ(attach_to({.mode = 0666}, {.mode = 0660}), refusal::too_open);
}

TEST_F(refused, memory_that_is_smaller_or_larger_than_its_header_says) {
    for (const std::uint64_t bytes : {std::uint64_t{0}, std::uint64_t{64}, std::uint64_t{4095}, std::uint64_t{4096},
                                      whole - 65536, whole - 1, whole + 1, whole + 65536})
        EXPECT_EQ(attach_to({.bytes = bytes}), refusal::wrong_size) << bytes;
    memory_plan boastful;
    boastful.header.bytes = whole + 65536;
    boastful.bytes = whole + 65536;
    EXPECT_EQ(attach_to(boastful), refusal::wrong_size);
}

TEST_F(refused, what_does_not_begin_as_an_arena) {
    EXPECT_EQ(attach_with_header([](header& h) { h = {}; }), refusal::not_an_arena);
    EXPECT_EQ(attach_with_header([](header& h) { h.magic ^= 1; }), refusal::not_an_arena);
    const kernel_file holed = hostile_memory({});
    ASSERT_EQ(::fallocate(holed.fd(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096), 0);
    EXPECT_EQ(attach(holed.fd()), refusal::not_an_arena);
}

TEST_F(refused, another_version_and_another_byte_order) {
    EXPECT_EQ(attach_with_header([](header& h) { h.version += 1; }), refusal::other_version);
    EXPECT_EQ(attach_with_header([](header& h) { h.version = 0; }), refusal::other_version);
    EXPECT_EQ(attach_with_header([](header& h) { h.byte_order = 0x04030201; }), refusal::other_byte_order);
}

TEST_F(refused, numbers_that_no_arena_has) {
    EXPECT_EQ(attach_with_header([](header& h) { h.slots = 0; }), refusal::damaged_header);
    EXPECT_EQ(attach_with_header([](header& h) { h.slots = slots_most + 1; }), refusal::damaged_header);
    EXPECT_EQ(attach_with_header([](header& h) { h.slots = UINT32_MAX; }), refusal::damaged_header);
    EXPECT_EQ(attach_with_header([](header& h) { h.processes = 0; }), refusal::damaged_header);
    EXPECT_EQ(attach_with_header([](header& h) { h.processes = processes_most + 1; }), refusal::damaged_header);
    EXPECT_EQ(attach_with_header([](header& h) { h.names = 0; }), refusal::damaged_header);
    EXPECT_EQ(attach_with_header([](header& h) { h.names = names_most + 1; }), refusal::damaged_header);
    EXPECT_EQ(attach_with_header([](header& h) { h.last_look_ms = UINT32_MAX; }), refusal::damaged_header);
    EXPECT_EQ(attach_with_header([](header& h) { h.first_look_ms = h.last_look_ms + 1; }), refusal::damaged_header);
    EXPECT_EQ(attach_with_header([](header& h) { h.slots *= 2; }), refusal::wrong_size);
    EXPECT_EQ(attach_with_header([](header& h) { h.slots = slots_most; }), refusal::wrong_size);
}

TEST_F(refused, options_that_no_arena_has) {
    arena_memory made;
    const auto create = [&made](const creation& asked) { return arena_memory::create(asked, made); };
    EXPECT_EQ(create({.size = {.slots = 0}}), refusal::invalid_options);
    EXPECT_EQ(create({.size = {.slots = slots_most + 1}}), refusal::invalid_options);
    EXPECT_EQ(create({.size = {.processes = 0}}), refusal::invalid_options);
    EXPECT_EQ(create({.size = {.names = names_most + 1}}), refusal::invalid_options);
    EXPECT_EQ(create({.mode = 0700}), refusal::invalid_options);
    EXPECT_EQ(create({.mode = 0060}), refusal::invalid_options);
    EXPECT_EQ(create({.mode = 04600}), refusal::invalid_options);
    EXPECT_FALSE(made.is_mapped());
}

// ---- What the system has not, each in a child with a limit of its own.

bool limit(int what, std::uint64_t most) {
    rlimit both{};
    if (::getrlimit(what, &both) != 0) return false;
    both.rlim_cur = static_cast<rlim_t>(most);
    return ::setrlimit(what, &both) == 0;
}

TEST_F(refused, a_size_beyond_the_limit_of_files_without_a_signal) {
    const int status = outcome_in_child([] {
        arena_memory made;
        if (!limit(RLIMIT_FSIZE, whole - 1)) return outcome(refusal::system);
        return arena_memory::create({}, made);
    });
    EXPECT_EQ(status, status_for(refusal::file_limit));
}

TEST_F(refused, a_process_without_a_free_number) {
    const kernel_file good = hostile_memory({});
    const auto without_numbers = [](auto body) {
        return outcome_in_child([&] {
            if (!limit(RLIMIT_NOFILE, 64)) return outcome(refusal::system);
            while (::dup(0) >= 0) {
            }
            return body();
        });
    };
    arena_memory made;
    EXPECT_EQ(without_numbers([&] { return arena_memory::create({}, made); }), status_for(refusal::no_descriptor));
    EXPECT_EQ(without_numbers([&] { return arena_memory::attach(good.fd(), {}, made); }),
              status_for(refusal::no_descriptor));
}

TEST_F(refused, more_memory_than_the_machine_has) {
    const kernel_file file(::memfd_create("large", MFD_CLOEXEC));
    constexpr std::uint64_t petabyte = std::uint64_t{1} << 50;
    EXPECT_EQ(efd::os::allocate_file_range(file.fd(), 0, petabyte), -ENOSPC);
    EXPECT_EQ(file.status().st_blocks, 0);
}

// In a child with mounts of its own.
TEST_F(refused, a_tmpfs_that_is_full) {
    constexpr int no_mounts = 200;
    const int status = status_of_child([] {
        if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
            ::mount("none", "/mnt", "tmpfs", 0, "size=1m") != 0)
            return no_mounts;
        const kernel_file file(::open("/mnt/arena", O_RDWR | O_CREAT | O_CLOEXEC, 0600));
        creation asked{.size = {.slots = 50'000}};
        if (::ftruncate(file.fd(), static_cast<off_t>(layout_of(asked.size).bytes)) != 0) return 1;
        arena_memory made;
        const outcome full = arena_memory::place(file.fd(), 0, asked, {.unsealed = true}, made);
        if (full != refusal::no_space || made.is_mapped()) return 2;
        asked.is_sparse = true;
        return arena_memory::place(file.fd(), 0, asked, {.unsealed = true}, made).is_refused() ? 3 : 0;
    });
    if (status == no_mounts) GTEST_SKIP() << "this process may not mount";
    EXPECT_EQ(status, 0);
}

TEST(share_refusal, each_has_an_errno_and_a_sentence_of_its_own) {
    std::set<std::string> sentences;
    for (unsigned i = 0; i < refusals; ++i) {
        const auto why = static_cast<refusal>(i);
        EXPECT_TRUE(sentences.insert(sentence_of(why)).second) << sentence_of(why);
        EXPECT_EQ(errno_of(why) == 0, why == refusal::none) << sentence_of(why);
    }
    EXPECT_EQ(errno_of({refusal::system, EPERM}), EPERM);
    EXPECT_EQ(outcome_of(-EPERM), outcome(refusal::system, EPERM));
    for (const int error : {ENOMEM, ENOSPC, EFBIG, EMFILE, ENFILE, EBADF, EIO, EPERM, EINVAL})
        EXPECT_EQ(errno_of(outcome_of(-error)), error);
    EXPECT_FALSE(outcome_of(0).is_refused());
}

TEST(share_refusal, of_a_file_has_the_errno_of_the_call_that_failed_and_no_later_one) {
    for (const int error : {ENOMEM, ENOSPC, EFBIG, EMFILE, ENFILE, EBADF, ENOSYS, EINVAL, EACCES, EIO, ENOLCK, EROFS}) {
        const outcome what = outcome_of_file(-error);
        errno = ENOENT;
        EXPECT_EQ(errno_of(what), error);
    }
    EXPECT_EQ(outcome_of_file(-EDQUOT), refusal::no_space);
    EXPECT_EQ(outcome_of_file(-EPERM), refusal::other_user);
    EXPECT_FALSE(outcome_of_file(0).is_refused());
}

} // namespace
