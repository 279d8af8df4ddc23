// SPDX-License-Identifier: MIT
// tests/cli/ls_test.cpp: what `efd ls` finds in made trees of /proc.
#include "cli/proc_scan.hpp"
#include "cli/proc_text.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <vector>

namespace {

namespace fs = std::filesystem;
using efd::cli::kernel_eventfd;
using efd::cli::proc_listing;

constexpr const char* eventfd = "anon_inode:[eventfd]";
constexpr const char* epoll = "anon_inode:[eventpoll]";

class proc_tree {
  public:
    proc_tree() {
        std::string name = fs::temp_directory_path() / "efd-ls-XXXXXX";
        root_ = ::mkdtemp(name.data());
    }
    ~proc_tree() { fs::remove_all(root_); }
    proc_tree& operator=(proc_tree&&) = delete; // neither copied nor moved

    void process(int pid, const std::string& command) {
        fs::create_directories(at(pid) / "fd");
        fs::create_directories(at(pid) / "fdinfo");
        write(at(pid) / "comm", command + "\n");
    }
    void number(int pid, int number, const std::string& link, const std::string& facts) {
        link_alone(pid, number, link);
        write(at(pid) / "fdinfo" / std::to_string(number), "pos:\t0\nflags:\t02\nmnt_id:\t15\n" + facts);
    }
    // As of a number that is closed before its facts are read.
    void link_alone(int pid, int number, const std::string& link) {
        fs::create_symlink(link, at(pid) / "fd" / std::to_string(number));
    }
    void write(const fs::path& file, const std::string& text) { std::ofstream(file) << text; }

    [[nodiscard]] fs::path at(int pid) const { return root_ / std::to_string(pid); }
    [[nodiscard]] const fs::path& root() const { return root_; }
    [[nodiscard]] proc_listing scan(decltype(efd::cli::proc_scan_options::is_target) is_target = nullptr) const {
        return efd::cli::scan_proc({.root = root_, .is_target = is_target});
    }

  private:
    fs::path root_;
};

std::string facts_of(const std::string& count, int id, bool semaphore) {
    return "ino:\t1038\neventfd-count: " + std::string(16 - count.size(), ' ') + count +
           "\neventfd-id: " + std::to_string(id) + "\neventfd-semaphore: " + (semaphore ? "1" : "0") + "\n";
}

std::string entry_of(int number, const std::string& inode = "40e") {
    return "tfd:        " + std::to_string(number) + " events:       19 data: " + std::to_string(number) +
           "  pos:0 ino:" + inode + " sdev:10\n";
}

std::vector<std::string> holders_of(const kernel_eventfd& one) {
    std::vector<std::string> all;
    for (const efd::cli::holder& who : one.holders) {
        std::string text = std::to_string(who.pid);
        for (const std::uint32_t number : who.numbers) text += ':' + std::to_string(number);
        all.push_back(text);
    }
    return all;
}

std::vector<std::string> epolls_of(const kernel_eventfd& one) {
    std::vector<std::string> all;
    for (const efd::cli::epoll_number& watch : one.epolls)
        all.push_back(std::to_string(watch.pid) + ':' + std::to_string(watch.number));
    return all;
}

using texts = std::vector<std::string>;

TEST(proc_scan, one_eventfd_is_one_row_with_all_who_have_it) {
    proc_tree tree;
    tree.process(30, "child");
    tree.process(4, "parent");
    tree.number(4, 10, eventfd, facts_of("ff", 7, false));
    tree.number(4, 9, eventfd, facts_of("ff", 7, false));
    tree.number(4, 3, eventfd, facts_of("fffffffffffffffe", 8, true));
    tree.number(4, 5, "socket:[123]", "");
    tree.number(30, 9, eventfd, facts_of("ff", 7, false));
    const proc_listing found = tree.scan();
    ASSERT_EQ(found.eventfds.size(), 2U);
    EXPECT_EQ(found.eventfds[0].id, 8U);
    EXPECT_EQ(found.eventfds[0].count, UINT64_MAX - 1);
    EXPECT_EQ(found.eventfds[0].is_semaphore, true);
    EXPECT_EQ(found.eventfds[1].id, 7U);
    EXPECT_EQ(found.eventfds[1].count, 255U); // it is hexadecimal
    EXPECT_EQ(found.eventfds[1].is_semaphore, false);
    EXPECT_EQ(holders_of(found.eventfds[1]), (texts{"4:9:10", "30:9"}));
    EXPECT_EQ(found.unread, 0U);
}

TEST(proc_scan, a_kernel_that_tells_no_id_has_a_row_for_each_number) {
    proc_tree tree;
    tree.process(4, "old");
    tree.process(5, "old");
    for (const int pid : {4, 5}) tree.number(pid, 3, eventfd, "eventfd-count:               1a\n");
    tree.number(5, 4, eventfd, "eventfd-count: 0\neventfd-id: -12\n"); // the kernel had no memory for an id
    const proc_listing found = tree.scan();
    ASSERT_EQ(found.eventfds.size(), 3U);
    for (const kernel_eventfd& one : found.eventfds) {
        EXPECT_FALSE(one.id.has_value());
        EXPECT_FALSE(one.is_semaphore.has_value());
        EXPECT_EQ(one.holders.size(), 1U);
    }
    EXPECT_EQ(found.eventfds[0].count, 26U);
}

TEST(proc_scan, what_vanishes_is_left_out) {
    proc_tree tree;
    tree.process(4, "busy");
    tree.link_alone(4, 3, eventfd);                                 // closed
    tree.number(4, 4, eventfd, "tfd: 3 events: 19 data: 3\n");      // by now an epoll
    tree.number(4, 5, eventfd, "lock:\t1: POSIX ADVISORY WRITE\n"); // by now a file
    tree.link_alone(4, 6, epoll);
    tree.number(4, 7, eventfd, facts_of("1", 9, false));
    tree.process(5, "gone");
    fs::remove_all(tree.at(5) / "fd");
    tree.process(6, "going");
    tree.number(6, 3, eventfd, facts_of("1", 10, false));
    fs::remove_all(tree.at(6) / "fdinfo");
    tree.process(7, "nameless");
    fs::remove(tree.at(7) / "comm");
    tree.number(7, 3, eventfd, facts_of("1", 11, false));
    fs::create_directories(tree.root() / "sys");
    tree.write(tree.root() / "8", "a file");
    const proc_listing found = tree.scan();
    ASSERT_EQ(found.eventfds.size(), 2U);
    EXPECT_EQ(holders_of(found.eventfds[0]), texts{"4:7"});
    EXPECT_EQ(holders_of(found.eventfds[1]), texts{"7:3"});
    EXPECT_EQ(found.eventfds[1].holders[0].command, "");
    EXPECT_EQ(found.unread, 0U);
}

TEST(proc_scan, a_command_is_kept_as_it_is) {
    proc_tree tree;
    const std::string odd = "a\nb) [x]\x1b";
    tree.process(4, odd);
    tree.number(4, 3, eventfd, facts_of("0", 1, false));
    EXPECT_EQ(tree.scan().eventfds.at(0).holders.at(0).command, odd);
}

TEST(proc_scan, an_epoll_watches_what_its_numbers_name_in_the_same_process) {
    proc_tree tree;
    tree.process(4, "loop");
    tree.process(5, "other");
    tree.number(4, 3, eventfd, facts_of("0", 1, false));
    tree.number(4, 4, eventfd, facts_of("0", 2, false));
    tree.number(4, 5, "socket:[55]", "");
    tree.number(4, 6, epoll, entry_of(3) + entry_of(5) + entry_of(77) + "tfd: x\ntfd:\n" + entry_of(4, "99"));
    tree.number(4, 2, epoll, entry_of(3));
    tree.number(5, 4, eventfd, facts_of("0", 3, false));
    tree.number(5, 6, epoll, "tfd:        4 events:       19 data:                4\n"); // before Linux 4.13
    const proc_listing found = tree.scan();
    ASSERT_EQ(found.eventfds.size(), 3U);
    EXPECT_EQ(epolls_of(found.eventfds[0]), (texts{"4:2", "4:6"}));
    EXPECT_EQ(epolls_of(found.eventfds[1]), texts{}) << "its entry is of another file";
    EXPECT_EQ(epolls_of(found.eventfds[2]), texts{"5:6"});
}

TEST(proc_scan, an_entry_whose_number_names_another_eventfd_by_now_is_no_watch) {
    proc_tree tree;
    tree.process(4, "loop");
    for (const int number : {3, 4, 5}) tree.number(4, number, eventfd, facts_of("0", number, false));
    tree.number(4, 9, epoll, entry_of(3) + entry_of(4) + entry_of(4) + entry_of(5));
    // Of number 4 the second entry is the file that it names now; the kernel does not know of 5.
    const proc_listing found = tree.scan([](const efd::cli::target_question& about) -> efd::cli::target_answer {
        EXPECT_EQ(about.thread, 4U);
        EXPECT_EQ(about.epoll, 9U);
        if (about.target == 5) return std::nullopt;
        return about.target == 4 && about.ordinal == 1;
    });
    ASSERT_EQ(found.eventfds.size(), 3U);
    EXPECT_EQ(epolls_of(found.eventfds[0]), texts{});
    EXPECT_EQ(epolls_of(found.eventfds[1]), texts{"4:9"});
    EXPECT_EQ(epolls_of(found.eventfds[2]), texts{"4:9"});
}

// The machine's own kernel, as far as it answers.
TEST(proc_scan, the_kernel_knows_an_epolls_entry_from_another_file_with_its_number) {
    const int watched = ::eventfd(0, EFD_CLOEXEC);
    const int other = ::eventfd(0, EFD_CLOEXEC);
    const int kept = ::fcntl(watched, F_DUPFD_CLOEXEC, 0);
    const int loop = ::epoll_create1(EPOLL_CLOEXEC);
    ASSERT_TRUE(watched >= 0 && other >= 0 && kept >= 0 && loop >= 0);
    epoll_event wanted{};
    wanted.events = EPOLLIN;
    ASSERT_EQ(::epoll_ctl(loop, EPOLL_CTL_ADD, watched, &wanted), 0);
    const auto watches = [loop](int number) {
        for (const kernel_eventfd& one : efd::cli::scan_proc({}).eventfds)
            for (const efd::cli::holder& who : one.holders)
                if (who.pid == static_cast<std::uint32_t>(::getpid()) &&
                    std::count(who.numbers.begin(), who.numbers.end(), static_cast<std::uint32_t>(number)) == 1)
                    return epolls_of(one) == texts{std::to_string(::getpid()) + ':' + std::to_string(loop)};
        ADD_FAILURE() << "the eventfd is not found";
        return false;
    };
    EXPECT_TRUE(watches(watched));
    ASSERT_EQ(::dup2(other, watched), watched);
    const auto answer =
        efd::cli::ask_kernel_for_target({static_cast<std::uint32_t>(::getpid()), static_cast<std::uint32_t>(loop),
                                         static_cast<std::uint32_t>(watched), 0});
    EXPECT_EQ(watches(watched), !answer.has_value()) << "the epoll has the former file of that number";
    for (const int number : {watched, other, kept, loop}) ::close(number);
}

TEST(proc_scan, without_processes_it_says_what_to_do) {
    const proc_tree tree;
    for (const std::string& root : {tree.root().string(), std::string("/no/such/place")}) {
        try {
            (void)efd::cli::scan_proc({.root = root, .is_target = nullptr});
            ADD_FAILURE() << root;
        } catch (const std::runtime_error& said) {
            EXPECT_NE(std::string(said.what()).find("mount -t proc proc " + root), std::string::npos) << said.what();
        }
    }
}

TEST(proc_scan, a_mount_that_hides_processes_is_reported) {
    proc_tree tree;
    tree.process(4, "me");
    EXPECT_FALSE(tree.scan().is_hiding);
    tree.write(tree.root() / "mounts", "proc " + tree.root().string() + " proc rw,hidepid=invisible 0 0\n");
    EXPECT_TRUE(tree.scan().is_hiding);
}

TEST(proc_text, hidepid_is_that_of_the_last_mount_at_the_place) {
    EXPECT_TRUE(efd::cli::hides_processes("proc /proc proc rw,nosuid,hidepid=2,gid=5 0 0\n", "/proc"));
    EXPECT_FALSE(efd::cli::hides_processes("proc /proc proc rw,hidepid=off 0 0\n", "/proc"));
    EXPECT_FALSE(efd::cli::hides_processes("proc /x/proc proc rw,hidepid=2 0 0\n", "/proc"));
    EXPECT_FALSE(efd::cli::hides_processes("a /proc tmpfs rw,hidepid=2 0 0\n", "/proc"));
    EXPECT_FALSE(efd::cli::hides_processes("proc /proc proc hidepid=2 0 0\nproc /proc proc rw 0 0\n", "/proc"));
}

TEST(proc_text, threads_of_the_kernel_and_dead_processes_have_no_descriptors) {
    EXPECT_TRUE(efd::cli::has_no_descriptors("2 (kthreadd) S 0 0 0 0 -1 2129984 0 0"));
    EXPECT_TRUE(efd::cli::has_no_descriptors("9 (x) Z 1 9 9 0 -1 4194308 0 0"));
    EXPECT_FALSE(efd::cli::has_no_descriptors("9 (x) S 1 9 9 0 -1 4194304 0 0"));
    EXPECT_FALSE(efd::cli::has_no_descriptors("9 (a) Z 1 9 9 0 -1 2129984) S 1 9 9 0 -1 4194304 0"));
    EXPECT_FALSE(efd::cli::has_no_descriptors(""));
}

TEST(proc_text, locks_of_the_description_alone_count_and_only_beyond_the_first_byte) {
    const std::string facts = "lock:\t1: OFDLCK  ADVISORY  WRITE -1 00:01:297197 1005 1005\n"
                              "lock:\t2: POSIX  ADVISORY  WRITE 12 00:01:297197 1006 1006\n"
                              "lock:\t3: OFDLCK  ADVISORY  WRITE -1 00:01:297197 999 EOF\n"
                              "lock:\t4: OFDLCK  ADVISORY  READ -1 00:01:297197 1000 EOF\n"
                              "lock:\t5: OFDLCK\nlock:\t6: OFDLCK ADVISORY WRITE -1 00:01:1 -5 0\n";
    EXPECT_EQ(efd::cli::description_locks_in(facts, 1000), (std::vector<std::uint64_t>{5, 0}));
}

TEST(proc_text, a_number_is_one_as_a_whole) {
    EXPECT_EQ(efd::cli::number_in("18446744073709551615"), UINT64_MAX);
    EXPECT_EQ(efd::cli::number_in("a", 16), 10U);
    for (const char* const none : {"", "18446744073709551616", "-1", "+1", " 1", "1 ", "0x1"})
        EXPECT_FALSE(efd::cli::number_in(none).has_value()) << none;
}

} // namespace
