// SPDX-License-Identifier: MIT
// tests/cli/ls_table_test.cpp: the tables and the JSON of `efd ls`, its filters and its orders.
#include "cli/ls_report.hpp"

#include <CLI/CLI.hpp>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

namespace {

using efd::cli::arena_object;
using efd::cli::holder;
using efd::cli::kernel_eventfd;
using efd::cli::listing;
using efd::cli::ls_filter;
using efd::cli::ls_order;
using efd::cli::seen_arena;

constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();

listing small_listing() {
    listing all;
    all.proc.eventfds = {{.id = 12,
                          .count = 7,
                          .is_semaphore = false,
                          .holders = {{100, "nginx", {3, 5}}, {200, "nginx", {3}}},
                          .epolls = {{100, 6}}},
                         {.id = 9, .count = 0, .is_semaphore = true, .holders = {{300, "qemu", {8}}}, .epolls = {}}};
    seen_arena arena;
    arena.name = "camera";
    arena.bytes = 192 * 1024;
    arena.slots = 1024;
    arena.processes = 64;
    arena.live = 2;
    arena.is_whole = true;
    arena.entries_in_use = 2;
    arena.objects = {{.id = 0x100000000, .name = "frames", .count = 3, .may_have_reader = true},
                     {.id = 0x500000001, .name = "", .count = 0, .is_semaphore = true, .may_have_writer = true}};
    arena.holders = {{{100, "nginx", {500}}, true}, {{400, "spy", {4}}, false}};
    all.efd.arenas = {arena};
    return all;
}

// Everything as long as it can be, and texts that would do harm.
listing large_listing() {
    listing all;
    const std::string hostile = "\x1b]0;x\a\n\t\\\x9b\xff" + std::string(40, 'x');
    kernel_eventfd one{.id = std::numeric_limits<std::int32_t>::max(),
                       .count = most,
                       .is_semaphore = true,
                       .holders = {},
                       .epolls = {}};
    for (std::uint32_t i = 0; i < 100; ++i) {
        one.holders.push_back({4'194'304, hostile, std::vector<std::uint32_t>(i, 1'000'000'000)});
        one.epolls.push_back({4'194'304, 1'000'000'000});
    }
    all.proc.eventfds.assign(3, one);
    all.proc.eventfds[1] = {};
    all.proc.eventfds[2].holders.resize(1);
    all.proc.unread = 4'000'000'000;
    all.proc.is_hiding = true;
    seen_arena arena;
    arena.name = arena.name.append(47, 'n');
    arena.bytes = 1ULL << 36;
    arena.offset = most;
    arena.owner = 4'000'000'000;
    arena.slots = arena.processes = arena.entries_in_use = 4'000'000'000;
    arena.live = arena.unlisted = most;
    arena.objects.assign(2, {.id = most,
                             .name = hostile,
                             .count = most,
                             .is_semaphore = true,
                             .is_sealed = true,
                             .may_have_reader = true,
                             .may_have_writer = true});
    for (std::uint32_t i = 0; i < 100; ++i) arena.holders.push_back({one.holders[i], i % 2 == 0});
    all.efd.arenas.assign(2, arena);
    all.efd.arenas[1].name = "";
    all.efd.arenas[1].objects.clear();
    all.efd.refused = {{{1, hostile, {3}}, efd::share::refusal::damaged_header}};
    all.efd.unread = 1000;
    return all;
}

std::vector<std::string> lines_of(const std::string& page) {
    std::istringstream stream(page);
    std::vector<std::string> lines;
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
}

TEST(ls_table, it_says_who_has_what) {
    EXPECT_EQ(efd::cli::to_table(small_listing(), {}),
              "id    count  sem  held by                     watched by\n"
              "12        7  no   nginx 100:3,5, nginx 200:3  100:6\n"
              " 9        0  yes  qemu 300:8\n"
              "\n"
              "arena camera: 2 of 1024 objects, 2 of 64 processes, 192 KiB, user 0\n"
              "  used by nginx 100 and 1 process not seen; only open in spy 400\n"
              "  id             count  sem  asleep  name\n"
              "  0x100000000        3  no   reader  frames\n"
              "  0x500000001        0  yes  writer\n"
              "\n"
              "2 eventfds of the kernel in 3 processes; 1 arena with 2 objects.\n");
}

TEST(ls_table, a_narrow_terminal_shows_the_same) {
    const std::string page = efd::cli::to_table(small_listing(), {.columns = 40});
    EXPECT_EQ(page, "id    count  sem  held by\n"
                    "12        7  no   nginx 100:3,5 +1\n"
                    "    watched by 100:6\n"
                    " 9        0  yes  qemu 300:8\n"
                    "\n"
                    "arena camera: 2 of 1024 objects, 2 of 64\n"
                    "processes, 192 KiB, user 0\n"
                    "  used by nginx 100 and 1 process not\n"
                    "  seen; only open in spy 400\n"
                    "id             count  sem  asleep\n"
                    "0x100000000        3  no   reader\n"
                    "    frames\n"
                    "0x500000001        0  yes  writer\n"
                    "\n"
                    "2 eventfds of the kernel in 3 processes;\n"
                    "1 arena with 2 objects.\n");
}

TEST(ls_table, no_line_is_wider_than_the_terminal_and_no_byte_is_harmful) {
    for (const listing& all : {small_listing(), large_listing(), listing{}})
        for (const std::size_t columns :
             {std::size_t{0}, std::size_t{40}, std::size_t{41}, std::size_t{63}, std::size_t{80}, std::size_t{200}})
            for (const std::string& line : lines_of(efd::cli::to_table(all, {.columns = columns}))) {
                EXPECT_LE(line.size(), std::max(columns, std::size_t{40})) << columns << ": " << line;
                for (const char c : line) EXPECT_TRUE(c >= ' ' && c <= '~') << columns << ": " << line;
            }
}

TEST(ls_table, wide_cuts_nothing) {
    const std::string page = efd::cli::to_table(large_listing(), {.columns = 40, .is_wide = true});
    EXPECT_EQ(page.find(".."), std::string::npos);
    EXPECT_EQ(page.find(" +"), std::string::npos);
    EXPECT_NE(page.find("\\x1b]0;x\\x07\\x0a\\x09\\\\\\x9b\\xff" + std::string(40, 'x')), std::string::npos);
}

TEST(ls_table, colour_is_for_those_who_want_it) {
    EXPECT_EQ(efd::cli::to_table(large_listing(), {}).find('\x1b'), std::string::npos);
    const std::string page = efd::cli::to_table(small_listing(), {.coloured = true});
    EXPECT_NE(page.find("\x1b[32m      7\x1b[0m"), std::string::npos);
    EXPECT_NE(page.find("\x1b[33mreader\x1b[0m"), std::string::npos) << "it sleeps beside units";
}

TEST(ls_table, it_says_what_was_not_seen) {
    const std::string page = efd::cli::to_table(large_listing(), {.is_wide = true});
    EXPECT_NE(page.find("4000000000 processes could not be looked at"), std::string::npos);
    EXPECT_NE(page.find("sudo efd ls"), std::string::npos);
    EXPECT_NE(page.find("hidepid"), std::string::npos);
    EXPECT_NE(page.find("its header is damaged"), std::string::npos);
    EXPECT_NE(page.find("1000 arenas were not looked into"), std::string::npos);
    EXPECT_EQ(efd::cli::to_table(listing{}, {}), "0 eventfds of the kernel in 0 processes; 0 arenas with 0 objects.\n");
}

TEST(ls_json, it_has_everything_whatever_the_bytes_are) {
    const auto text = [](const listing& all) {
        return efd::cli::to_json(all).dump(2, ' ', true, nlohmann::ordered_json::error_handler_t::replace);
    };
    const auto said = nlohmann::json::parse(text(small_listing()));
    EXPECT_EQ(said["eventfds"][0]["id"], 12);
    EXPECT_EQ(said["eventfds"][0]["holders"][0]["numbers"], (std::vector<int>{3, 5}));
    EXPECT_EQ(said["eventfds"][0]["epolls"][0]["number"], 6);
    EXPECT_EQ(said["arenas"][0]["objects"][1]["name"], nullptr);
    EXPECT_EQ(said["arenas"][0]["holders"][1]["uses"], false);
    const auto hostile = nlohmann::json::parse(text(large_listing()));
    EXPECT_EQ(hostile["eventfds"][0]["count"], most);
    EXPECT_EQ(hostile["eventfds"][1]["id"], nullptr);
    EXPECT_EQ(hostile["eventfds"][1]["count"], nullptr);
    EXPECT_EQ(hostile["arenas"][0]["objects"][0]["name"].get<std::string>().substr(0, 3), "\x1b]0");
    EXPECT_EQ(hostile["refused_arenas"][0]["why"], "its header is damaged");
    EXPECT_EQ(hostile["not_seen"]["processes"], 4'000'000'000);
}

listing filtered(const ls_filter& filter) {
    listing all = small_listing();
    apply(filter, all);
    return all;
}

std::vector<std::uint32_t> ids_of(const listing& all) {
    std::vector<std::uint32_t> ids;
    for (const kernel_eventfd& one : all.proc.eventfds) ids.push_back(*one.id);
    return ids;
}

using ids = std::vector<std::uint32_t>;

TEST(ls_filter, of_processes_leaves_what_any_of_them_has) {
    ls_filter filter;
    EXPECT_EQ(ids_of(filtered(filter)), (ids{12, 9}));
    filter.pids = {200, 7};
    EXPECT_EQ(ids_of(filtered(filter)), ids{12});
    EXPECT_TRUE(filtered(filter).efd.arenas.empty());
    EXPECT_EQ(filtered(filter).proc.eventfds[0].holders.size(), 2U) << "the others that have it are shown, too";
    filter.command = efd::cli::pattern("--command", "^qemu$");
    filter.has_command = true;
    EXPECT_TRUE(is_empty(filtered(filter))) << "one process must be both";
    filter.pids = {};
    EXPECT_EQ(ids_of(filtered(filter)), ids{9});
    filter.command = efd::cli::pattern("--command", "spy");
    EXPECT_EQ(filtered(filter).efd.arenas.size(), 1U);
}

TEST(ls_filter, that_is_very_long_is_refused_with_the_name_of_its_option) {
    const std::string brackets = std::string(9000, '(') + std::string(9000, ')');
    for (const char* const option : {"--command", "--name"}) try {
            (void)efd::cli::pattern(option, brackets);
            ADD_FAILURE() << "it was taken";
        } catch (const CLI::ValidationError& refused) {
            const std::string said = refused.what();
            EXPECT_NE(said.find(option), std::string::npos) << said;
            EXPECT_NE(said.find("18000 signs"), std::string::npos) << said;
        }
}

TEST(ls_filter, of_ids_and_names_asks_arenas_for_their_objects) {
    ls_filter filter;
    filter.id = 9;
    EXPECT_EQ(ids_of(filtered(filter)), ids{9});
    EXPECT_TRUE(filter.wants("camera", {.id = 9}));
    EXPECT_FALSE(filter.wants("camera", {.id = 0x100000009}));
    ls_filter named;
    named.has_name = true;
    named.name = efd::cli::pattern("--name", "^fr");
    EXPECT_TRUE(ids_of(filtered(named)).empty()) << "the kernel's have no names";
    EXPECT_TRUE(named.wants("camera", {.name = "frames"}));
    EXPECT_FALSE(named.wants("camera", {.name = "permits"}));
    EXPECT_FALSE(named.wants("", {.name = ""}));
    named.name = efd::cli::pattern("--name", "cam");
    EXPECT_TRUE(named.wants("camera", {.name = ""})) << "the arena's name is enough";
    named.name = efd::cli::pattern("--name", "^");
    EXPECT_FALSE(named.wants("", {.name = ""})) << "no name has no match";
}

TEST(ls_filter, an_arena_without_a_match_goes) {
    listing all = small_listing();
    all.efd.arenas[0].objects.clear(); // as the scan leaves it
    ls_filter filter;
    filter.has_name = true;
    filter.name = efd::cli::pattern("--name", "other");
    apply(filter, all);
    EXPECT_TRUE(is_empty(all));
}

TEST(ls_sort, each_order_has_its_key) {
    listing all = small_listing();
    sort(all, ls_order::id);
    EXPECT_EQ(ids_of(all), (ids{9, 12}));
    sort(all, ls_order::count);
    EXPECT_EQ(ids_of(all), (ids{12, 9}));
    all.proc.eventfds[1].holders[0].pid = 50;
    sort(all, ls_order::pid);
    EXPECT_EQ(ids_of(all), (ids{9, 12}));
    sort(all, ls_order::holders);
    EXPECT_EQ(ids_of(all), (ids{12, 9}));
    all.efd.arenas[0].objects[1].count = 4;
    sort(all, ls_order::count);
    EXPECT_EQ(all.efd.arenas[0].objects[0].count, 4U);
    all.efd.arenas.insert(all.efd.arenas.begin(), seen_arena{});
    sort(all, ls_order::id);
    EXPECT_EQ(all.efd.arenas[1].name, "") << "those without a name are the last";
}

} // namespace
