// SPDX-License-Identifier: MIT
// cli/arena_file.cpp: what one arena's memory says; see arena_scan.hpp.
#include "cli/arena_scan.hpp"

#include <efd/detail/core/word.hpp>

#include "share/layout.hpp"
#include "share/tenant.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <limits>
#include <span>
#include <sys/stat.h>
#include <unistd.h>
#include <unordered_map>
#include <utility>

namespace efd::cli {
namespace {

using share::refusal;

constexpr std::size_t block_bytes = 65536;

// Reads of a part of the file, within what may still be read. Bytes that cannot be had are zero.
class part {
  public:
    part(int fd, std::uint64_t offset, std::uint64_t& budget) : fd_(fd), offset_(offset), budget_(budget) {}

    // False: it was not read, or not whole.
    bool read(std::uint64_t at, std::span<std::byte> to) {
        std::fill(to.begin(), to.end(), std::byte{0});
        if (budget_ < to.size()) return false;
        budget_ -= to.size();
        const ssize_t got = ::pread(fd_, to.data(), to.size(), static_cast<off_t>(offset_ + at));
        return got >= 0 && static_cast<std::size_t>(got) == to.size();
    }
    // Calls act(index, bytes) for each of `count` entries of a table, except those in holes of the file, which are all
    // zero; false: not all of it could be read.
    template <std::size_t EntryBytes, class Act>
    bool each(std::uint64_t at, std::uint32_t count, Act act) {
        static_assert(block_bytes % EntryBytes == 0);
        constexpr std::uint32_t at_once = block_bytes / EntryBytes;
        std::vector<std::byte> block(block_bytes);
        next_data_ = 0;
        for (std::uint32_t first = 0; first < count; first += std::min(at_once, count - first)) {
            const std::span<std::byte> now =
                std::span(block).first(std::size_t{std::min(at_once, count - first)} * EntryBytes);
            if (is_hole(at + std::uint64_t{first} * EntryBytes, now.size())) continue;
            if (!read(at + std::uint64_t{first} * EntryBytes, now)) return false;
            for (std::uint32_t i = 0; i < now.size() / EntryBytes; ++i)
                act(first + i, std::as_const(now).subspan(i * EntryBytes, EntryBytes));
        }
        return true;
    }

  private:
    bool is_hole(std::uint64_t at, std::uint64_t bytes) {
        const auto first = static_cast<off_t>(offset_ + at);
        if (first + static_cast<off_t>(bytes) <= next_data_) return true;
        next_data_ = ::lseek(fd_, first, SEEK_DATA);
        if (next_data_ < 0) next_data_ = errno == ENXIO ? std::numeric_limits<off_t>::max() : first;
        return first + static_cast<off_t>(bytes) <= next_data_;
    }

    int fd_;
    std::uint64_t offset_;
    std::uint64_t& budget_;
    off_t next_data_ = 0; // in the file, as far as it has been asked for
};

template <class Number>
Number number_at(std::span<const std::byte> bytes, std::size_t at) {
    Number number{};
    std::memcpy(&number, bytes.data() + at, sizeof number);
    return number;
}

// The words of a name have its first byte lowest, whatever the machine's order is.
std::string text_of(std::span<const std::byte> entry) {
    std::string text;
    for (std::size_t at = 0; at < share::name_bytes; ++at) {
        const auto word = number_at<std::uint64_t>(entry, offsetof(share::name_entry, text) + at / 8 * 8);
        const char c = static_cast<char>(word >> at % 8 * 8);
        if (c == '\0') break;
        text += c;
    }
    return text;
}

class arena_file {
  public:
    arena_file(int fd, std::uint64_t offset, const arena_scan_options& options, std::uint64_t& budget,
               seen_arena& found)
        : part_(fd, offset, budget), options_(options), found_(found) {}

    refusal read_header(std::uint64_t available);
    void read_entries();
    void read_names();
    void read_objects();

  private:
    struct named {
        std::uint64_t id;
        std::string text;
    };
    void look_at(std::uint32_t slot, share::tenant_word tenant);
    void read_words(std::uint32_t slot, arena_object& object);

    part part_;
    const arena_scan_options& options_;
    seen_arena& found_;
    share::layout where_{};
    std::unordered_map<std::uint32_t, named> names_; // by slot
    std::size_t named_listed_ = 0;
    std::size_t unnamed_listed_ = 0;
};

refusal arena_file::read_header(std::uint64_t available) {
    std::array<std::byte, sizeof(share::header)> bytes{};
    if (available < share::header_bytes || !part_.read(0, bytes)) return refusal::wrong_size;
    const auto copy = std::bit_cast<share::header>(bytes);
    const refusal why = share::parse_header(copy, available, where_);
    if (why != refusal::none) return why;
    found_.identity = copy.identity;
    found_.bytes = where_.bytes;
    found_.slots = where_.slots;
    found_.processes = where_.processes;
    return refusal::none;
}

void arena_file::read_entries() {
    (void)part_.each<sizeof(share::process_entry)>(
        where_.processes_at, where_.processes, [this](std::uint32_t, std::span<const std::byte> entry) {
            if (number_at<std::uint32_t>(entry, offsetof(share::process_entry, in_use)) == 0) return;
            ++found_.entries_in_use;
            found_.entry_pids.push_back(number_at<std::uint32_t>(entry, offsetof(share::process_entry, pid)));
        });
}

void arena_file::read_names() {
    constexpr std::size_t kept_most = std::size_t{1} << 16;
    (void)part_.each<sizeof(share::name_entry)>(
        where_.names_at, where_.names, [this](std::uint32_t, std::span<const std::byte> entry) {
            const auto id = number_at<std::uint64_t>(entry, offsetof(share::name_entry, id));
            if (id == 0 || share::slot_of(id) >= where_.slots || names_.size() >= kept_most) return;
            names_.insert_or_assign(share::slot_of(id), named{id, text_of(entry)});
        });
}

// The marks that say so are never wrongly clear (core/word.hpp).
void arena_file::read_words(std::uint32_t slot, arena_object& object) {
    std::array<std::byte, 24> words{};
    (void)part_.read(where_.slots_at + std::uint64_t{slot} * share::line_bytes, words);
    const auto state = number_at<core::state_word>(words, 0);
    object.is_sealed = core::is_sealed(state);
    if (object.is_sealed) {
        object.count = core::base_of(state) + number_at<std::uint64_t>(words, 8);
        object.may_have_reader =
            core::has_left_asleep(state) || core::has_sleeper(number_at<core::park_word>(words, 16));
        object.may_have_writer = core::has_sleeper(number_at<core::park_word>(words, 20));
    } else {
        object.count = core::packed_count(state);
        object.may_have_reader = core::has_sleeper(core::park_of(state));
    }
}

void arena_file::look_at(std::uint32_t slot, share::tenant_word tenant) {
    arena_object object;
    object.id = share::id_of(slot, share::generation_of(tenant));
    if (!share::is_tenant(tenant, object.id)) return;
    ++found_.live;
    const auto name = names_.find(slot);
    if (name != names_.end() && name->second.id == object.id) object.name = name->second.text;
    object.is_semaphore = share::is_semaphore(tenant);
    if (options_.wants && !options_.wants(found_.name, object)) return;
    std::size_t& listed = object.name.empty() ? unnamed_listed_ : named_listed_;
    if (listed >= (object.name.empty() ? options_.unnamed_most : options_.named_most)) {
        ++found_.unlisted;
        return;
    }
    ++listed;
    read_words(slot, object);
    found_.objects.push_back(std::move(object));
}

void arena_file::read_objects() {
    constexpr std::size_t tenant_bytes = sizeof(share::tenant_word);
    found_.is_whole = part_.each<tenant_bytes>(where_.tenants_at, where_.slots,
                                               [this](std::uint32_t slot, std::span<const std::byte> one) {
                                                   look_at(slot, number_at<share::tenant_word>(one, 0));
                                               });
}

} // namespace

refusal read_arena(int fd, std::uint64_t offset, const arena_scan_options& options,
                   const std::vector<arena_name>& names, std::uint64_t& budget, seen_arena& found) {
    struct stat about{};
    if (::fstat(fd, &about) != 0) return refusal::bad_descriptor;
    const auto bytes = static_cast<std::uint64_t>(about.st_size);
    arena_file file(fd, offset, options, budget, found);
    if (offset >= bytes) return refusal::wrong_size;
    if (const refusal why = file.read_header(bytes - offset); why != refusal::none) return why;
    found.device = about.st_dev;
    found.inode = about.st_ino;
    found.offset = offset;
    found.owner = about.st_uid;
    const auto name = std::find_if(names.begin(), names.end(), [&](const arena_name& one) {
        return one.identity == found.identity && one.owner == found.owner;
    });
    if (name != names.end()) found.name = name->name;
    file.read_entries();
    file.read_names();
    file.read_objects();
    return refusal::none;
}

} // namespace efd::cli
