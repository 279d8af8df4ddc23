// SPDX-License-Identifier: MIT
// Names of arenas where the directory or the file is not as efd makes it, and where a holder cannot be reached.
#include "os/record_lock.hpp"
#include "share/lives/peer.hpp"
#include "share/lives/toy_arena.hpp"
#include "share/name_file.hpp"
#include "support/child.hpp"

#include <cstring>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <random>
#include <sched.h>
#include <string>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

using namespace efd;
using share::name_lock;
using share::name_record;
using share::refusal;
using tests::get;
using tests::held;
using tests::how;
using tests::peer;
using tests::status_of_child;
using tests::talk;

constexpr ::uid_t nobody = 65534;

class a_name : public testing::Test {
  protected:
    // Another process, which keeps the lock of a record, with these bytes in it.
    [[nodiscard]] peer a_record(const char* name, std::uint32_t index, const name_record& record) const {
        return peer([this, name, index, record](const talk& test) {
            const int fd = ::open(runtime_.file(name).c_str(), O_RDWR | O_CLOEXEC);
            const bool is_done =
                os::try_lock(fd, {share::name_life_byte + index, 1}) == os::lock_end::taken &&
                ::pwrite(fd, &record, sizeof record, share::record_at(index)) == static_cast<ssize_t>(sizeof record);
            test.say(is_done ? 'y' : 'n');
            return static_cast<int>(test.hear());
        });
    }
    tests::runtime_directory runtime_;
};

TEST_F(a_name, in_a_directory_that_is_open_to_others_is_refused) {
    for (const ::mode_t mode : {0755U, 0710U, 0701U, 0777U}) {
        ::mkdir(runtime_.names().c_str(), 0700);
        ASSERT_EQ(::chmod(runtime_.names().c_str(), mode), 0);
        EXPECT_EQ(get("ring", how::either).why, refusal::bad_directory) << mode;
        EXPECT_EQ(get("ring", how::open).why, refusal::bad_directory) << mode;
    }
}

TEST_F(a_name, in_the_directory_of_another_user_is_refused) {
    if (::geteuid() != 0) GTEST_SKIP() << "another user's directory needs root";
    ASSERT_EQ(::mkdir(runtime_.names().c_str(), 0700), 0);
    ASSERT_EQ(::chown(runtime_.names().c_str(), nobody, nobody), 0);
    EXPECT_EQ(get("ring", how::either).why, refusal::bad_directory);
}

TEST_F(a_name, in_a_directory_by_a_link_is_refused) {
    const std::string target = runtime_.path() + "/target";
    ASSERT_EQ(::mkdir(target.c_str(), 0700), 0);
    ASSERT_EQ(::symlink(target.c_str(), runtime_.names().c_str()), 0);
    EXPECT_EQ(get("ring", how::either).why, refusal::bad_directory);
    ASSERT_EQ(::unlink(runtime_.names().c_str()), 0);
    ASSERT_EQ(::mknod(runtime_.names().c_str(), S_IFREG | 0600, 0), 0);
    EXPECT_EQ(get("ring", how::either).why, refusal::bad_directory);
}

TEST_F(a_name, has_a_directory_with_mode_0700_whatever_the_umask) {
    const ::mode_t before = ::umask(0277);
    const efd::share::outcome why = get("ring", how::either).why;
    ::umask(before);
    EXPECT_EQ(why, refusal::none);
    struct stat about{};
    ASSERT_EQ(::stat(runtime_.names().c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 07777U, 0700U);
}

// Not a path from the root, not there, another user's, or longer than any: /dev/shm stands in.
TEST_F(a_name, is_in_dev_shm_without_a_runtime_directory_of_the_users) {
    const std::string name = "test-" + std::to_string(::getpid());
    const std::string directory = "/dev/shm/efd-" + std::to_string(::geteuid());
    const std::string file = directory + "/" + name + ".arena";
    const auto is_there = [&] {
        const held own = get(name.c_str(), how::create);
        return own.why == refusal::none && ::access(file.c_str(), F_OK) == 0;
    };
    for (const std::string& other :
         {std::string("relative"), std::string("/nowhere/at/all"), "/" + std::string(300, 'x'), std::string()}) {
        ::setenv("XDG_RUNTIME_DIR", other.c_str(), 1);
        EXPECT_TRUE(is_there()) << other;
    }
    if (::geteuid() == 0) {
        ASSERT_EQ(::chown(runtime_.path().c_str(), nobody, nobody), 0);
        ::setenv("XDG_RUNTIME_DIR", runtime_.path().c_str(), 1);
        EXPECT_TRUE(is_there());
        EXPECT_FALSE(std::filesystem::exists(runtime_.names()));
    }
    ::unsetenv("XDG_RUNTIME_DIR");
    EXPECT_TRUE(is_there());
    ::rmdir(directory.c_str()); // if nothing else is in it
}

TEST_F(a_name, whose_file_is_none_of_efds_is_refused) {
    ASSERT_EQ(get("other", how::either).why, refusal::none); // makes the directory
    ASSERT_EQ(::mknod(runtime_.file("pipe").c_str(), S_IFIFO | 0600, 0), 0);
    ASSERT_EQ(::mknod((runtime_.path() + "/target").c_str(), S_IFREG | 0600, 0), 0);
    ASSERT_EQ(::symlink((runtime_.path() + "/target").c_str(), runtime_.file("link").c_str()), 0);
    ASSERT_EQ(::mknod(runtime_.file("open").c_str(), S_IFREG | 0600, 0), 0);
    ASSERT_EQ(::chmod(runtime_.file("open").c_str(), 0644), 0);
    ASSERT_EQ(::mkdir(runtime_.file("directory").c_str(), 0700), 0);
    for (const char* const name : {"pipe", "link", "open", "directory"}) {
        EXPECT_EQ(get(name, how::either).why, refusal::bad_directory) << name;
        EXPECT_TRUE(runtime_.has(name)) << name;
    }
    if (::geteuid() != 0) return;
    ASSERT_EQ(::mknod(runtime_.file("theirs").c_str(), S_IFREG | 0600, 0), 0);
    ASSERT_EQ(::chown(runtime_.file("theirs").c_str(), nobody, nobody), 0);
    EXPECT_EQ(get("theirs", how::either).why, refusal::bad_directory);
}

TEST_F(a_name, with_garbage_in_its_file_is_free) {
    ASSERT_EQ(get("other", how::either).why, refusal::none);
    const auto seed = std::random_device{}();
    std::mt19937_64 random(seed);
    for (int round = 0; round < 200; ++round) {
        std::string garbage(static_cast<std::size_t>(random() % 20'000), '\0');
        for (char& one : garbage) one = static_cast<char>(random());
        const share::name_header header = share::header_for({});
        if (round % 2 == 0 && garbage.size() >= sizeof header) std::memcpy(garbage.data(), &header, sizeof header);
        runtime_.write("ring", garbage);
        ::chmod(runtime_.file("ring").c_str(), 0600);
        EXPECT_EQ(get("ring", how::open).why, refusal::not_found) << "seed " << seed;
        EXPECT_FALSE(runtime_.has("ring"));
        runtime_.write("ring", garbage);
        ::chmod(runtime_.file("ring").c_str(), 0600);
        const held own = get("ring", how::create);
        EXPECT_EQ(own.why, refusal::none) << "seed " << seed;
        EXPECT_EQ(get("ring", how::open).why, refusal::none) << "seed " << seed;
    }
}

// Records that say nothing true, each with its lock, stand before the one that does.
TEST_F(a_name, is_found_behind_false_records) {
    peer holder([](const talk& test) {
        held own = get("ring", how::create);
        test.say(own.why == refusal::none ? 'y' : 'n');
        (void)test.hear();
        const held again = get("ring", how::open); // a further record, behind the false ones
        test.say(again.claim.record() == 7 ? 'y' : 'n');
        own.claim.give_back();
        return static_cast<int>(test.hear());
    });
    ASSERT_EQ(holder.hear(), 'y');
    const auto own_namespace = [] {
        struct stat about{};
        return ::stat("/proc/self/ns/pid", &about) == 0 ? about.st_ino : 0;
    }();
    const auto pid = static_cast<std::uint32_t>(::getpid());
    const int other_file = ::memfd_create("other", MFD_CLOEXEC);
    const name_record records[] = {{pid, static_cast<std::uint32_t>(other_file), own_namespace}, // another file
                                   {pid, 0, own_namespace},                                      // perhaps no file
                                   {pid, 1'000'000, own_namespace},                              // no number
                                   {INT32_MAX, 3, own_namespace},                                // no process
                                   {UINT32_MAX, UINT32_MAX, own_namespace},
                                   {pid, 3, own_namespace + 1}}; // another namespace
    std::vector<peer> peers;
    std::uint32_t index = 1;
    for (const name_record& one : records) {
        peers.push_back(a_record("ring", index++, one));
        ASSERT_EQ(peers.back().hear(), 'y');
    }
    holder.say('g');
    ASSERT_EQ(holder.hear(), 'y');
    const auto before = tests::open_descriptors();
    EXPECT_EQ(get("ring", how::open).why, refusal::none);
    EXPECT_EQ(get("ring", how::create).why, refusal::exists);
    EXPECT_EQ(tests::open_descriptors(), before) << "what is not the arena's memory stays open";
    ::close(other_file);
}

TEST_F(a_name, whose_holders_are_in_another_pid_namespace_says_so) {
    peer other([](const talk& test) {
        if (::unshare(CLONE_NEWPID) != 0) {
            test.say('s');
            return 0;
        }
        return status_of_child([&] {
            const held own = get("ring", how::create);
            test.say(own.why == refusal::none ? 'y' : 'n');
            (void)test.hear();
            test.say(get("outside", how::open).why == refusal::other_pid_namespace ? 'y' : 'n');
            return 0;
        });
    });
    const char permitted = other.hear();
    if (permitted == 's') GTEST_SKIP() << "unshare(2) is not permitted";
    ASSERT_EQ(permitted, 'y');
    EXPECT_EQ(get("ring", how::open).why, refusal::other_pid_namespace);
    EXPECT_EQ(get("ring", how::create).why, refusal::exists);
    EXPECT_EQ(get("ring", how::either).why, refusal::other_pid_namespace);
    const held outside = get("outside", how::create);
    other.say('g');
    EXPECT_EQ(other.hear(), 'y');
}

TEST_F(a_name, whose_holder_is_another_users_says_so) {
    if (::geteuid() != 0) GTEST_SKIP() << "another user needs root";
    const auto root = static_cast<std::uint32_t>(::getpid());
    ASSERT_EQ(::chown(runtime_.path().c_str(), nobody, nobody), 0);
    EXPECT_EQ(status_of_child([&] {
                  if (::setgid(nobody) != 0 || ::setuid(nobody) != 0 || ::prctl(PR_SET_DUMPABLE, 1) != 0) return 1;
                  const held own = get("ring", how::create);
                  if (own.why != refusal::none || get("ring", how::open).why != refusal::none) return 2;
                  const int fd = ::open(runtime_.file("ring").c_str(), O_RDWR);
                  if (::pwrite(fd, &root, sizeof root, share::record_at(0)) != 4) return 3;
                  return get("ring", how::open).why == refusal::other_user ? 0 : 4;
              }),
              0);
}

TEST_F(a_name, without_proc_says_so) {
    if (::geteuid() != 0) GTEST_SKIP() << "chroot(2) needs root";
    const held own = get("ring", how::create);
    EXPECT_EQ(status_of_child([&] {
                  if (::chroot(runtime_.path().c_str()) != 0) return 1;
                  ::setenv("XDG_RUNTIME_DIR", "/", 1);
                  return get("ring", how::open).why == refusal::no_proc ? 0 : 2;
              }),
              0);
}

} // namespace
