// SPDX-License-Identifier: MIT
// conformance/claims/proc.cpp: section J of docs/semantics.md, /proc: the lines of fdinfo, and the id of the object.
//
// Owns K-126 to K-131. K-128 and K-129 run on every backend, because all have ids and a semaphore mode; the text of
// fdinfo needs a number. Ids are unique in the whole system, and other programs take and return them at any time: a
// claim that needs a certain id tries often enough.
#include "conformance/framework/aio.hpp"
#include "conformance/framework/claim.hpp"
#include "conformance/framework/descriptor_calls.hpp"
#include "conformance/framework/number_calls.hpp"
#include "conformance/framework/object_ids.hpp"
#include "conformance/framework/other_process.hpp"
#include "conformance/framework/passing.hpp"
#include "conformance/framework/task.hpp"
#include "conformance/framework/uring.hpp"

#include <array>
#include <cctype>
#include <cinttypes>
#include <fcntl.h>
#include <poll.h>
#include <set>
#include <sys/eventfd.h>

namespace efd::claims {

namespace {

// A pattern of fdinfo, with # for a decimal number; everything else must match.
bool matches(const std::string& text, const std::string& pattern) {
    std::size_t at = 0;
    for (const char c : pattern) {
        if (c != '#') {
            if (at >= text.size() || text[at++] != c) return false;
            continue;
        }
        const std::size_t start = at;
        while (at < text.size() && std::isdigit(static_cast<unsigned char>(text[at])) != 0) ++at;
        if (at == start) return false;
    }
    return at == text.size();
}

// The line of the count, with its end.
std::string count_line(trial& t, const object& of) {
    const std::string text = t.calls().fdinfo(of.number());
    const std::size_t start = text.find("eventfd-count:");
    return start == std::string::npos ? std::string() : text.substr(start, text.find('\n', start) - start + 1);
}

// The kernel's fdinfo has them since 6.5.
bool shows_all_lines(trial& t) { return !t.on().offers(needs::descriptor) || kernel_at_least(6, 5); }

std::string hexadecimal(std::uint64_t count) {
    char text[40];
    std::snprintf(text, sizeof text, "eventfd-count: %16" PRIx64 "\n", count);
    return text;
}

// Returns two ids of living objects, in both orders: the next two objects must have them, smaller first. False if that
// never happened; other programs can prevent it in some tries, but not in all.
bool smallest_free_first(trial& t, bool small_goes_first) {
    for (int attempt = 0; attempt < 200; ++attempt) {
        std::vector<std::unique_ptr<object>> living;
        for (int i = 0; i < 16; ++i) living.push_back(t.make());
        auto& one = living[3];
        auto& two = living[9];
        const int small = std::min(one->id(), two->id());
        const int large = std::max(one->id(), two->id());
        auto& first = (one->id() == small) == small_goes_first ? one : two;
        (&first == &one ? one : two).reset();
        (&first == &one ? two : one).reset();
        const auto next = t.make();
        const auto after_next = t.make();
        if (next->id() == small && after_next->id() == large) return true;
    }
    return false;
}

// Ids of objects whose last descriptors are closed while `hold` has made the kernel keep them: they are taken until
// `release`.
template <class Hold, class Release>
void taken_while_held(trial& t, Hold hold, Release release, const std::string& by) {
    std::vector<int> ids;
    for (std::size_t i = 0; i < enough_ids; ++i) {
        const int fd = ::eventfd(0, EFD_NONBLOCK);
        ids.push_back(id_of(fd));
        hold(i, fd);
        ::close(fd);
    }
    for (int i = 0; i < 20; ++i) t.expect(!any_is_free(t, ids), "an id is free while the kernel holds " + by);
    release();
    t.expect(any_becomes_free(t, ids), "the ids stay taken after the kernel let go of " + by);
}

void held_by_requests(trial& t) {
    aio context;
    int pipe[2] = {-1, -1};
    if (context.refused() != 0 || ::pipe(pipe) != 0) t.not_here("asynchronous I/O is refused");
    std::vector<aio_request> requests(enough_ids, aio_request::poll(pipe[0], POLLIN));
    taken_while_held(
        t, [&](std::size_t i, int fd) { t.expect_error(context.submit(requests[i].signalling(fd)), 0, "io_submit"); },
        [&] {
            t.expect(context.pending(), "the requests are pending");
            t.expect_equal(::write(pipe[1], "x", 1), 1, "write to the pipe");
            for (std::size_t i = 0; i < enough_ids; ++i) {
                std::int64_t found = 0;
                t.expect(context.completed(found), "completion");
                t.expect((found & POLLIN) != 0, "the completion says that the pipe is readable");
            }
        },
        "a pending request");
}

void held_by_rings(trial& t) {
    std::array<uring, enough_ids> rings;
    for (const uring& one : rings)
        if (one.refused() != 0) return; // one holder is done
    taken_while_held(
        t,
        [&](std::size_t i, int fd) {
            t.expect_error(-::io_uring_register_eventfd(rings[i].ring(), fd), 0, "register");
        },
        [&] {
            for (uring& one : rings) t.expect_error(-::io_uring_unregister_eventfd(one.ring()), 0, "unregister");
        },
        "a registration");
}

} // namespace

CLAIM(K_126, number, "fdinfo is exactly pos, flags, mnt_id, ino, eventfd-count, -id, -semaphore (since 6.5)") {
    if (!shows_all_lines(t)) t.not_here("fdinfo has all of these lines since Linux 6.5");
    for (const int kind : {0, static_cast<int>(EFD_SEMAPHORE)}) {
        auto o = t.make(0x1a2, kind);
        const std::string pattern = "pos:\t0\nflags:\t0#\nmnt_id:\t#\nino:\t#\neventfd-count:              1a2\n"
                                    "eventfd-id: #\neventfd-semaphore: " +
                                    std::to_string(kind) + "\n";
        const std::string found = t.calls().fdinfo(o->number());
        t.expect(matches(found, pattern), "fdinfo says: " + found);
    }
}

CLAIM(K_127, number, "count in fdinfo: lower-case hexadecimal, right-aligned in 16 columns, at MAX ffffffffffffffff") {
    auto o = t.make(0, EFD_NONBLOCK);
    t.expect_equal(count_line(t, *o), "eventfd-count:                0\n", "at count 0");
    std::uint64_t value = 0;
    for (const std::uint64_t count : {std::uint64_t{1}, std::uint64_t{0xabcdef}, std::uint64_t{1} << 32,
                                      std::uint64_t{0x123456789abcdef}, std::uint64_t{1} << 63, full_count}) {
        o->write(count);
        t.expect_equal(count_line(t, *o), hexadecimal(count), "after a write");
        o->read(value);
    }
    o->write(full_count);
    t.expect_equal(count_line(t, *o), "eventfd-count: fffffffffffffffe\n", "at MAX-1");
    if (o->signal() == ENOSYS) t.not_here("nothing here signals an eventfd from inside the kernel");
    t.expect_equal(count_line(t, *o), "eventfd-count: ffffffffffffffff\n", "at MAX");
}

CLAIM(K_128, id, "id: same through every handle, distinct among the living, smallest free number, reused") {
    std::vector<std::unique_ptr<object>> living;
    std::set<int> ids;
    for (int i = 0; i < 64; ++i) {
        living.push_back(t.make());
        t.expect(living.back()->id() >= 0, "an id is not negative");
        ids.insert(living.back()->id());
    }
    t.expect_equal(ids.size(), living.size(), "different ids of living objects");
    const int id = living[5]->id();
    living[5]->write(3);
    t.expect_equal(living[5]->id(), id, "id after use");
    const bool smallest = t.on().gives_smallest_id();
    t.expect(!smallest || smallest_free_first(t, true),
             "two ids given back, the smaller first, are given out smallest first");
    t.expect(!smallest || smallest_free_first(t, false),
             "two ids given back, the larger first, are given out smallest first");

    const int fd = living[5]->descriptor();
    if (fd < 0) return;
    t.expect_equal(id_of(::dup(fd)), id, "id of a dup");
    t.expect_equal(in_other_process([fd] { return id_of(fd); }), id, "id in a child process");
    int pair[2] = {-1, -1};
    t.expect_error(error_of(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair)), 0, "socketpair");
    t.expect(send_descriptor(pair[0], fd), "send");
    t.expect_equal(id_of(receive_descriptor(pair[1])), id, "id after SCM_RIGHTS");
    for (int i = 0; i < 8; ++i) {
        const long foreign = in_other_process([] { return id_of(::eventfd(0, 0)); });
        t.expect(foreign >= 0 && ids.count(static_cast<int>(foreign)) == 0, "id of another process's own is distinct");
    }
}

CLAIM(K_129, object, "semaphore mode is shown as 0 or 1, and stays") {
    for (const int rest :
         {0, static_cast<int>(EFD_NONBLOCK), static_cast<int>(EFD_CLOEXEC), EFD_NONBLOCK | EFD_CLOEXEC})
        for (const int kind : {0, static_cast<int>(EFD_SEMAPHORE)}) {
            auto o = t.make(2, kind | rest);
            t.expect_equal(o->semaphore(), kind == EFD_SEMAPHORE, "as it was made");
            std::uint64_t value = 0;
            o->read(value);
            o->write(4);
            o->set_nonblock(rest == 0);
            t.expect_equal(o->semaphore(), kind == EFD_SEMAPHORE, "after use");
            if (o->number() < 0 || !shows_all_lines(t)) continue;
            const std::string text = t.calls().fdinfo(o->number());
            t.expect_equal(field_of(text, "eventfd-semaphore"), std::to_string(kind), "line of fdinfo");
        }
}

CLAIM(K_130, number, "flags of fdinfo = F_GETFL, plus 02000000 if that descriptor is cloexec") {
    for (const int kind :
         {0, static_cast<int>(EFD_NONBLOCK), static_cast<int>(EFD_CLOEXEC), EFD_NONBLOCK | EFD_CLOEXEC})
        for (const int extra : {0, static_cast<int>(O_APPEND)}) {
            auto o = t.make(0, kind);
            const number_calls& calls = t.calls();
            const auto plain = static_cast<int>(calls.dup(o->number()).result);
            calls.fcntl(plain, F_SETFL, calls.fcntl(plain, F_GETFL, 0).result | extra);
            const long flags = calls.fcntl(plain, F_GETFL, 0).result;
            char text[32];
            std::snprintf(text, sizeof text, "0%o", static_cast<unsigned>(flags));
            t.expect_equal(field_of(calls.fdinfo(plain), "flags"), std::string(text), "flags of a dup, not cloexec");
            const bool closing = (kind & EFD_CLOEXEC) != 0;
            std::snprintf(text, sizeof text, "0%o", static_cast<unsigned>(flags) | (closing ? 02000000U : 0U));
            t.expect_equal(field_of(calls.fdinfo(o->number()), "flags"), std::string(text), "flags");
        }
}

CLAIM(K_131, descriptor, "id and object stay taken while the kernel holds a reference after the last close") {
    held_by_requests(t);
    held_by_rings(t);
}

} // namespace efd::claims
