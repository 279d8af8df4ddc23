// SPDX-License-Identifier: MIT
// verify/fuzz/attach_property.cpp: see attach_property.hpp.
#include "fuzz/attach_property.hpp"

#include "share/memory.hpp"

#include <algorithm>
#include <array>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace efd::fuzz {
namespace {

namespace share = efd::share;

// The file is as large as the header says, but for this difference.
using difference = std::array<std::uint8_t, sizeof(share::header)>;

share::header good() {
    const share::layout where = share::layout_of({});
    share::header h{};
    h.magic = share::header_magic;
    h.version = share::layout_version;
    h.byte_order = share::byte_order_mark;
    h.bytes = where.bytes;
    h.slots = where.slots;
    h.processes = where.processes;
    h.names = where.names;
    h.first_look_ms = where.first_look_ms;
    h.last_look_ms = where.last_look_ms;
    h.sets = where.sets;
    return h;
}

share::header exclusive_or(const share::header& x, const share::header& y) {
    difference a{};
    difference b{};
    std::memcpy(a.data(), &x, sizeof x);
    std::memcpy(b.data(), &y, sizeof y);
    std::transform(a.begin(), a.end(), b.begin(), a.begin(), [](std::uint8_t p, std::uint8_t q) { return p ^ q; });
    share::header made{};
    std::memcpy(&made, a.data(), sizeof made);
    return made;
}

// ---- The second reading. Bounds and sizes as share/layout.hpp's table has them, in figures.

struct part {
    const char* name;
    std::uint64_t at;
    std::uint64_t bytes;
};

constexpr std::uint64_t up(std::uint64_t bytes, std::uint64_t unit) {
    return bytes % unit == 0 ? bytes : bytes - bytes % unit + unit;
}

// A bit for each member of a set, a million at most, a bit above for each 32 of those, and so on up to one word.
std::uint64_t words_of_a_bitmap(std::uint64_t slots) {
    std::uint64_t words = 0;
    std::uint64_t below = std::min<std::uint64_t>(slots, 1'048'576);
    for (bool is_top = false; !is_top; is_top = below == 1) {
        below = up(below, 32) / 32;
        words += below;
    }
    return words;
}

std::uint64_t implied_bytes(const share::header& h) {
    std::uint64_t end = 4096;
    end += 64 * std::uint64_t{h.processes};
    end += 2 * up(up(h.slots, 8) / 8, 64) * h.processes;
    end = up(end + (8 + 4) * std::uint64_t{h.slots}, 64);
    end += 64 * std::uint64_t{h.names} + 64 * std::uint64_t{h.sets};
    end = up(end + up(8 * words_of_a_bitmap(h.slots), 64) * h.sets, 65536);
    return up(end + 64 * (std::uint64_t{h.slots} + h.sets), 65536);
}

bool is_good(const share::header& h, std::uint64_t file_bytes) {
    const bool is_ours = h.magic == 0x616e6572'61646665 && h.version == 3 && h.byte_order == 0x01020304;
    const bool are_in_bounds = h.slots >= 1 && h.slots <= 134'217'728 && h.processes >= 1 && h.processes <= 1024 &&
                               h.names >= 1 && h.names <= 1'048'576 && h.last_look_ms <= 60'000 &&
                               h.first_look_ms <= h.last_look_ms && h.sets <= 1024;
    return is_ours && are_in_bounds && h.bytes == implied_bytes(h) && h.bytes <= file_bytes;
}

std::array<part, 9> parts_of(const share::layout& l) {
    return {{{"header", 0, 4096},
             {"processes", l.processes_at, 64 * std::uint64_t{l.processes}},
             {"rows", l.rows_at, l.row_bytes * l.processes},
             {"tenants", l.tenants_at, 8 * std::uint64_t{l.slots}},
             {"deaths", l.deaths_at, 4 * std::uint64_t{l.slots}},
             {"names", l.names_at, 64 * std::uint64_t{l.names}},
             {"sets", l.sets_at, 64 * std::uint64_t{l.sets}},
             {"bitmaps", l.bitmaps_at, l.bitmap_bytes * l.sets},
             {"slots", l.slots_at, 64 * (std::uint64_t{l.slots} + l.sets)}}};
}

std::optional<std::string> misplaced_part(const share::layout& l, std::uint64_t file_bytes) {
    std::uint64_t end = 0;
    for (const part& one : parts_of(l)) {
        if (one.at < end) return std::string(one.name) + " begin before the part in front of them ends";
        if (one.at > file_bytes || one.bytes > file_bytes - one.at) return std::string(one.name) + " leave the file";
        end = one.at + one.bytes;
    }
    if (l.row_bytes / 2 * 8 < l.slots) return "a row has fewer bits than there are slots";
    return std::nullopt;
}

// ---- The library, on a file.

class sealed_file {
  public:
    explicit sealed_file(const attach_case& given) : fd_(::memfd_create("fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING)) {
        const auto bytes = static_cast<off_t>(given.file_bytes);
        const auto some = static_cast<std::size_t>(std::min<std::uint64_t>(sizeof given.header, given.file_bytes));
        is_made_ = ::fchmod(fd_, 0600) == 0 && ::ftruncate(fd_, bytes) == 0 &&
                   ::pwrite(fd_, &given.header, some, 0) == static_cast<ssize_t>(some) &&
                   ::fcntl(fd_, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0;
    }
    sealed_file& operator=(sealed_file&&) = delete; // neither copied nor moved
    ~sealed_file() { ::close(fd_); }
    [[nodiscard]] bool is_made() const { return is_made_; }
    [[nodiscard]] int fd() const { return fd_; }

  private:
    int fd_;
    bool is_made_ = false;
};

void touch(const share::arena_memory& memory) {
    for (const part& one : parts_of(memory.where()))
        for (const std::uint64_t at : {one.at, one.at + one.bytes - 1}) {
            volatile std::byte* const place = memory.mapping().header() + at;
            *place = ~*place;
        }
    const std::size_t local_bytes = memory.where().slots * sizeof(core::shared_local);
    for (const std::size_t at : {std::size_t{0}, local_bytes - 1}) {
        volatile std::byte* const place = reinterpret_cast<std::byte*>(memory.mapping().slots()->locals) + at;
        *place = ~*place;
    }
}

std::optional<std::string> check_file(const attach_case& given, attach_tally& tally) {
    const sealed_file file(given);
    if (!file.is_made()) return std::nullopt; // larger than any file
    share::arena_memory memory;
    const share::outcome what = share::arena_memory::attach(file.fd(), {}, memory);
    const bool is_wanted = is_good(given.header, given.file_bytes) && given.header.bytes == given.file_bytes;
    if (what == share::refusal::no_memory && sizeof(void*) < 8) return std::nullopt;
    if (what.is_refused() == is_wanted) return std::string("attach: ") + share::sentence_of(what.why);
    if (!is_wanted) return std::nullopt;
    touch(memory);
    ++tally.attached;
    return std::nullopt;
}

} // namespace

attach_case case_of(std::span<const std::uint8_t> input) {
    share::header changes{};
    std::uint64_t more_bytes = 0;
    const std::size_t of_header = std::min(input.size(), sizeof changes);
    if (of_header > 0) std::memcpy(&changes, input.data(), of_header);
    const std::span<const std::uint8_t> rest = input.subspan(of_header);
    if (!rest.empty()) std::memcpy(&more_bytes, rest.data(), std::min(rest.size(), sizeof more_bytes));
    attach_case made{exclusive_or(good(), changes), 0};
    made.file_bytes = made.header.bytes + more_bytes;
    return made;
}

std::string input_of(const attach_case& made) {
    const share::header changes = exclusive_or(good(), made.header);
    const std::uint64_t more_bytes = made.file_bytes - made.header.bytes;
    std::string input(longest_attach_input, '\0');
    std::memcpy(input.data(), &changes, sizeof changes);
    std::memcpy(input.data() + sizeof changes, &more_bytes, sizeof more_bytes);
    return input;
}

std::optional<std::string> check_attach(const attach_case& given, header_parser parse, bool with_file,
                                        attach_tally& tally) {
    ++tally.headers;
    share::layout found{};
    const share::refusal why = parse(given.header, given.file_bytes, found);
    const bool is_accepted = why == share::refusal::none;
    if (is_accepted != is_good(given.header, given.file_bytes))
        return is_accepted ? "a bad header is accepted"
                           : std::string("a good header is refused: ") + share::sentence_of(why);
    if (is_accepted) {
        ++tally.accepted;
        if (auto misplaced = misplaced_part(found, given.file_bytes)) return misplaced;
    }
    return with_file ? check_file(given, tally) : std::nullopt;
}

} // namespace efd::fuzz
