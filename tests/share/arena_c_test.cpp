// SPDX-License-Identifier: MIT
// The C face of arenas: what each function gives, and each errno with its sentence.
#include <efd/efd.h>

#include "common/libc.hpp"
#include "share/processes.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <gtest/gtest.h>
#include <poll.h>
#include <string>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace {

using efd::common::close_from;
using efd::tests::byte_line;
using efd::tests::own_name;
using efd::tests::process;
using namespace std::string_literals;

// A call that gives `failure`, and errno with it.
#define EXPECT_GIVES(failure, call, error)                                                                             \
    do {                                                                                                               \
        errno = 0;                                                                                                     \
        EXPECT_EQ(call, failure);                                                                                      \
        EXPECT_EQ(errno, error);                                                                                       \
    } while (false)
#define EXPECT_FAILS(call, error) EXPECT_GIVES(-1, call, error)
#define EXPECT_NULL(call, error) EXPECT_GIVES(nullptr, call, error)

bool refusal_says(const char* word) { return std::strstr(efd_arena_refusal(), word) != nullptr; }

std::uint64_t taken(efd_t* from) {
    std::uint64_t value = 0;
    return efd_try_read(from, &value) == 0 ? value : 0;
}

using names = std::vector<std::pair<std::string, std::uint64_t>>;
void note(const char* name, std::uint64_t id, void* all) { static_cast<names*>(all)->emplace_back(name, id); }

class c_arena : public testing::Test {
  protected:
    ~c_arena() override { efd_arena_close(arena_); }
    efd_arena_t* arena_ = efd_arena_create(nullptr, nullptr);
};

TEST_F(c_arena, makes_finds_lists_and_removes) {
    ASSERT_NE(arena_, nullptr);
    EXPECT_STREQ(efd_arena_refusal(), "nothing was refused");
    EXPECT_EQ(efd_arena_slots(arena_), 1024);
    errno = 7;
    efd_t* const plain = efd_arena_make(arena_, nullptr, 5, 0);
    efd_t* const named = efd_arena_make(arena_, "jobs", 2, EFD_SEMAPHORE);
    ASSERT_TRUE(plain != nullptr && named != nullptr);
    EXPECT_EQ(errno, 7) << "kept on success";
    const std::uint64_t id = efd_arena_id(arena_, plain);
    efd_t* const again = efd_arena_at(arena_, id);
    efd_t* const found = efd_arena_find(arena_, "jobs");
    EXPECT_TRUE(again == plain && found == named);
    efd_t* const waited[] = {efd_arena_find_waiting(arena_, "jobs"), efd_arena_at_waiting(arena_, id)};
    EXPECT_TRUE(waited[0] == named && waited[1] == plain);
    for (efd_t* one : waited) efd_put(one);
    EXPECT_EQ(taken(again), 5U);
    EXPECT_EQ(taken(found), 1U);
    names all;
    EXPECT_EQ(efd_arena_list(arena_, note, &all), 1);
    EXPECT_EQ(all, (names{{"jobs", efd_arena_id(arena_, named)}}));
    EXPECT_EQ(efd_arena_remove(arena_, "jobs"), 0);
    EXPECT_FAILS(efd_arena_remove(arena_, "jobs"), ENOENT);
    EXPECT_EQ(efd_arena_reap(arena_), 0);
    for (efd_t* one : {plain, named, again, found}) efd_put(one);
    EXPECT_NULL(efd_arena_at(arena_, id), ESTALE);
}

// The callback may take the lock of names.
TEST_F(c_arena, a_callback_of_list_removes_what_it_is_told) {
    for (const char* name : {"a", "b", "c"}) efd_put(efd_arena_make(arena_, name, 0, 0));
    const auto remove = [](const char* name, std::uint64_t, void* from) {
        EXPECT_EQ(efd_arena_remove(static_cast<efd_arena_t*>(from), name), 0);
    };
    EXPECT_EQ(efd_arena_list(arena_, remove, arena_), 3);
    EXPECT_EQ(efd_arena_list(arena_, remove, arena_), 0);
}

TEST_F(c_arena, an_object_that_cannot_be_made_or_found_has_an_errno) {
    EXPECT_NULL(efd_arena_make(arena_, nullptr, UINT64_MAX, 0), EINVAL);
    EXPECT_NULL(efd_arena_make(arena_, nullptr, 0, 0x10), EINVAL);
    EXPECT_NULL(efd_arena_make(arena_, "", 0, 0), EINVAL);
    efd_t* const named = efd_arena_make(arena_, "a", 0, 0);
    EXPECT_NULL(efd_arena_make(arena_, "a", 0, 0), EEXIST);
    EXPECT_NULL(efd_arena_find(arena_, "b"), ENOENT);
    EXPECT_NULL(efd_arena_find(arena_, std::string(48, 'x').c_str()), EINVAL);
    EXPECT_NULL(efd_arena_at(arena_, 0), ESTALE);
    efd_t* const other = efd_create(0, 0);
    EXPECT_GIVES(0U, efd_arena_id(arena_, other), EINVAL);
    EXPECT_FAILS(efd_fd(named, EFD_LEVEL), EOPNOTSUPP);
    efd_put(named);
    efd_put(other);
    efd_arena_options one{};
    one.slots = 1;
    efd_arena_t* const small = efd_arena_create(nullptr, &one);
    efd_t* const only = efd_arena_make(small, nullptr, 0, 0);
    EXPECT_NULL(efd_arena_make(small, nullptr, 0, 0), ENOSPC);
    efd_put(only);
    efd_arena_close(small);
}

TEST_F(c_arena, what_is_not_there_is_said) {
    efd_t* const object = efd_arena_make(arena_, nullptr, 0, 0);
    EXPECT_FAILS(efd_arena_send(nullptr, 0), EBADF);
    EXPECT_NULL(efd_arena_make(nullptr, nullptr, 0, 0), EBADF);
    EXPECT_NULL(efd_arena_find(nullptr, "a"), EBADF);
    EXPECT_NULL(efd_arena_find(arena_, nullptr), EFAULT);
    EXPECT_NULL(efd_arena_at(nullptr, 1), EBADF);
    EXPECT_NULL(efd_arena_find_waiting(nullptr, "a"), EBADF);
    EXPECT_NULL(efd_arena_find_waiting(arena_, nullptr), EFAULT);
    EXPECT_NULL(efd_arena_at_waiting(nullptr, 1), EBADF);
    EXPECT_GIVES(0U, efd_arena_id(nullptr, object), EBADF);
    EXPECT_GIVES(0U, efd_arena_id(arena_, nullptr), EBADF);
    EXPECT_FAILS(efd_arena_remove(nullptr, "a"), EBADF);
    EXPECT_FAILS(efd_arena_remove(arena_, nullptr), EFAULT);
    EXPECT_FAILS(efd_arena_list(nullptr, note, nullptr), EBADF);
    EXPECT_FAILS(efd_arena_list(arena_, nullptr, nullptr), EFAULT);
    EXPECT_FAILS(efd_arena_reap(nullptr), EBADF);
    EXPECT_FAILS(efd_arena_fd(nullptr), EBADF);
    EXPECT_FAILS(efd_arena_slots(nullptr), EBADF);
    EXPECT_NULL(efd_arena_open(nullptr, nullptr), EFAULT);
    EXPECT_NULL(efd_arena_open_or_create(nullptr, nullptr, nullptr), EFAULT);
    efd_arena_close(nullptr);
    efd_put(object);
}

TEST_F(c_arena, a_set_of_the_arena_takes_its_objects) {
    EXPECT_NULL(efd_arena_set(nullptr), EBADF);
    efd_wait_set_t* const set = efd_arena_set(arena_);
    ASSERT_NE(set, nullptr);
    efd_t* const object = efd_arena_make(arena_, nullptr, 0, 0);
    const int member = efd_wait_set_add(set, object, 7);
    EXPECT_EQ(member, 0);
    efd_wait_set_event got{};
    EXPECT_FAILS(efd_wait_set_try_any(set, &got), EAGAIN);
    EXPECT_EQ(efd_signal(object), 0);
    EXPECT_EQ(efd_wait_set_try_any(set, &got), 0);
    EXPECT_EQ(got.token, 7U);
    EXPECT_EQ(got.value, 1U);
    const int descriptor = efd_wait_set_fd(set);
    EXPECT_GE(descriptor, 0);
    EXPECT_EQ(efd_signal(object), 0);
    pollfd looked{descriptor, POLLIN, 0};
    EXPECT_EQ(::poll(&looked, 1, -1), 1);
    EXPECT_EQ(efd_wait_set_try_any(set, &got), 0);
    EXPECT_FAILS(efd_wait_set_add_fd(set, -1, POLLIN, 1), EBADF);
    EXPECT_EQ(efd_wait_set_remove(set, member), 0);
    efd_wait_set_t* others[15];
    for (efd_wait_set_t*& one : others) EXPECT_NE(one = efd_arena_set(arena_), nullptr);
    EXPECT_NULL(efd_arena_set(arena_), ENOSPC); // 16 where nothing is said of it
    for (efd_wait_set_t* const one : others) efd_wait_set_destroy(one);
    efd_wait_set_destroy(set);
    efd_put(object);
}

TEST_F(c_arena, options_beyond_their_bound_are_refused) {
    const auto refused = [](auto change) {
        efd_arena_options options{};
        change(options);
        EXPECT_NULL(efd_arena_create(nullptr, &options), EINVAL);
        EXPECT_TRUE(refusal_says("beyond its bound")) << efd_arena_refusal();
    };
    refused([](auto& o) { o.slots = (1U << 27) + 1; });
    refused([](auto& o) { o.processes = 1025; });
    refused([](auto& o) { o.names = (1U << 20) + 1; });
    refused([](auto& o) { o.sets = 1025; });
    refused([](auto& o) { o.mode = 0111; });
    refused([](auto& o) { o.last_look_ms = 60'001; });
    refused([](auto& o) { o.first_look_ms = 200, o.last_look_ms = 100; });
    refused([](auto& o) { o.reserved[std::size(o.reserved) - 1] = 1; });
    efd_arena_trust later{};
    later.reserved[0] = 1;
    EXPECT_NULL(efd_arena_attach(efd_arena_fd(arena_), &later), EINVAL);
}

TEST_F(c_arena, options_are_as_asked) {
    efd_arena_options options{};
    options.slots = 7;
    options.processes = 1;
    options.sparse = 1;
    options.first_look_ms = 5000; // and so later looks are not sooner
    efd_arena_t* const made = efd_arena_create(nullptr, &options);
    EXPECT_EQ(efd_arena_slots(made), 7);
    EXPECT_NULL(efd_arena_attach(efd_arena_fd(made), nullptr), EUSERS);
    EXPECT_TRUE(refusal_says("as many processes")) << efd_arena_refusal();
    efd_arena_close(made);
}

// Seen by how often a sleeper gives its processor away while nobody writes.
TEST_F(c_arena, a_sleeper_looks_as_asked) {
    const auto looks = [](std::uint32_t first_look_ms, auto sees) {
        efd_arena_options options{};
        options.first_look_ms = first_look_ms;
        options.last_look_ms = 1;
        efd_arena_t* const arena = efd_arena_create(nullptr, &options);
        efd_t* const object = efd_arena_make(arena, nullptr, 0, 0);
        process sleeper([&] {
            std::uint64_t value = 0;
            return efd_read(object, &value) == 0 && value == 1 ? 0 : 1;
        });
        EXPECT_TRUE(sleeper.seen_asleep());
        const auto switches = [&] { return efd::common::voluntary_switches(sleeper.pid(), sleeper.pid()); };
        const long before = switches();
        EXPECT_GT(before, 0);
        const bool has_looked = sees([&] { return switches() > before; });
        EXPECT_EQ(efd_write(object, 1), 0);
        EXPECT_EQ(sleeper.end(), 0);
        efd_put(object);
        efd_arena_close(arena);
        return has_looked;
    };
    EXPECT_TRUE(looks(1, [](auto looked) { return efd::tests::eventually(looked); }));
    EXPECT_FALSE(looks(EFD_ARENA_NO_LOOK, [](auto looked) {
        std::this_thread::sleep_for(std::chrono::milliseconds(60)); // delay: the first look would come after 50
        return looked();
    }));
}

TEST_F(c_arena, a_name_is_opened_by_another_process) {
    const std::string name = own_name("arena-c-test");
    EXPECT_NULL(efd_arena_open(name.c_str(), nullptr), ENOENT);
    EXPECT_TRUE(refusal_says("no living process holds")) << efd_arena_refusal();
    EXPECT_NULL(efd_arena_create("no/name", nullptr), EINVAL);
    byte_line line;
    process other([&] { // forked before there is an arena of that name
        if (line.hear(1) == '\0') return 1;
        efd_arena_t* const arena = efd_arena_open(name.c_str(), nullptr);
        efd_t* const jobs = efd_arena_find(arena, "jobs");
        std::uint64_t value = 0;
        return efd_read(jobs, &value) == 0 && value == 4 ? 0 : 2;
    });
    efd_arena_t* const arena = efd_arena_create(name.c_str(), nullptr);
    EXPECT_NULL(efd_arena_create(name.c_str(), nullptr), EEXIST);
    efd_t* const jobs = efd_arena_make(arena, "jobs", 0, 0);
    efd_arena_t* const same = efd_arena_open_or_create(name.c_str(), nullptr, nullptr);
    line.say(0);
    EXPECT_EQ(efd_write(jobs, 4), 0);
    EXPECT_EQ(other.end(), 0);
    efd_arena_close(same);
    efd_put(jobs);
    efd_arena_close(arena);
    efd_arena_t* const anew = efd_arena_open_or_create(name.c_str(), nullptr, nullptr);
    EXPECT_NE(anew, nullptr);
    efd_arena_close(anew);
}

TEST_F(c_arena, it_goes_over_a_socket) {
    byte_line line;
    efd_t* const object = efd_arena_make(arena_, nullptr, 9, 0);
    EXPECT_EQ(efd_arena_send(arena_, line.end(0)), 0);
    efd_arena_t* const received = efd_arena_receive(line.end(1), nullptr);
    efd_t* const same = efd_arena_at(received, efd_arena_id(arena_, object));
    EXPECT_EQ(taken(same), 9U);
    line.say(0, 'x');
    EXPECT_NULL(efd_arena_receive(line.end(1), nullptr), EBADMSG);
    EXPECT_TRUE(refusal_says("not one arena")) << efd_arena_refusal();
    EXPECT_FAILS(efd_arena_send(arena_, efd_arena_fd(arena_)), ENOTSOCK);
    EXPECT_NULL(efd_arena_receive(-1, nullptr), ENOTSOCK);
    efd_put(same);
    efd_put(object);
    efd_arena_close(received);
}

TEST_F(c_arena, a_descriptor_that_is_no_arena_is_refused) {
    const int unsealed = ::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    ASSERT_EQ(::ftruncate(unsealed, 1 << 20), 0);
    EXPECT_NULL(efd_arena_attach(unsealed, nullptr), EPERM);
    EXPECT_TRUE(refusal_says("seal")) << efd_arena_refusal();
    efd_arena_trust all{};
    all.unsealed = 1;
    EXPECT_NULL(efd_arena_attach(unsealed, &all), EACCES); // a memfd is born open to all
    all.mode = 0777;
    EXPECT_NULL(efd_arena_attach(unsealed, &all), EINVAL);
    EXPECT_TRUE(refusal_says("does not begin as an arena")) << efd_arena_refusal();
    EXPECT_NULL(efd_arena_attach(-1, nullptr), EBADF);
    ::close(unsealed);
}

TEST_F(c_arena, it_is_placed_behind_what_is_shared_already) {
    constexpr std::uint64_t offset = 1 << 20;
    const int shared = ::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    ASSERT_EQ(::ftruncate(shared, 1 << 20), 0);
    efd_arena_options one{};
    one.slots = 1;
    efd_arena_trust unsealed{};
    unsealed.unsealed = 1;
    EXPECT_NULL(efd_arena_place(shared, offset, &one, &unsealed), EINVAL);
    EXPECT_TRUE(refusal_says("file ends before")) << efd_arena_refusal();
    ASSERT_EQ(::ftruncate(shared, 2 << 20), 0);
    EXPECT_NULL(efd_arena_place(shared, offset, &one, nullptr), EPERM);
    efd_arena_t* const placed = efd_arena_place(shared, offset, &one, &unsealed);
    ASSERT_NE(placed, nullptr) << efd_arena_refusal();
    efd_arena_t* const same = efd_arena_attach_at(shared, offset, &unsealed);
    ASSERT_NE(same, nullptr) << efd_arena_refusal();
    EXPECT_NULL(efd_arena_attach_at(shared, 0, &unsealed), EINVAL);
    efd_t* const object = efd_arena_make(placed, nullptr, 3, 0);
    efd_t* const found = efd_arena_at(same, efd_arena_id(placed, object));
    EXPECT_EQ(taken(found), 3U);
    efd_put(object);
    efd_put(found);
    efd_arena_close(placed);
    efd_arena_close(same);
    ::close(shared);
}

TEST_F(c_arena, a_refusal_is_the_threads_own) {
    EXPECT_NULL(efd_arena_attach(-1, nullptr), EBADF);
    const std::string sentence = efd_arena_refusal();
    std::thread([] { EXPECT_STREQ(efd_arena_refusal(), "nothing was refused"); }).join();
    EXPECT_EQ(efd_arena_refusal(), sentence);
}

TEST_F(c_arena, what_a_killed_process_held_is_reaped) {
    byte_line line;
    process victim([&] {
        if (efd_arena_make(arena_, nullptr, 0, 0) == nullptr) return 1;
        line.say(1);
        return line.hear(1) == '\0' ? 2 : 3;
    });
    EXPECT_EQ(victim.hear(line), 'x');
    EXPECT_EQ(efd_arena_reap(arena_), 0);
    victim.kill();
    EXPECT_EQ(efd_arena_reap(arena_), 1);
}

TEST_F(c_arena, a_life_line_closed_behind_our_back_is_said) {
    process child([this] {
        close_from(3);
        errno = 0;
        if (efd_arena_make(arena_, "a", 0, 0) != nullptr || errno != ESTALE) return 1;
        return efd_arena_reap(arena_) == -1 && errno == ESTALE ? 0 : 2;
    });
    EXPECT_EQ(child.end(), 0);
}

} // namespace
