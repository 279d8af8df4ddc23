// SPDX-License-Identifier: MIT
// verify/fuzz/fuzz_observed.cpp: the memory of an observed process, with any bytes in it, as `efd ls` and `efd top`
// read it.
//
//     fuzz_observed MEMORIES     so many, each a good one with some words changed; the seed is printed
//     fuzz_observed --caught     broken readers instead, each of which must be found
//
// With EFD_FUZZ_COVERAGE it is a libFuzzer target instead. What is read is compared with what the bytes say, read here
// in another way; what is printed has to be printable and to fit. The known hostile memories come first. One thread.
#include "cli/ls_report.hpp"
#include "cli/top_report.hpp"
#include "fuzz/byte_search.hpp"

#include <array>
#include <cinttypes>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

namespace {

using namespace efd::cli;
using efd::core::observed_file;

// In figures, apart from core/observed.hpp.
constexpr std::size_t rows = 9216, sleepers = 512;
constexpr std::size_t header_bytes = 112, sleeper_bytes = 24, row_bytes = 176;
constexpr std::size_t rows_at = header_bytes + sleepers * sleeper_bytes;
constexpr std::int64_t now_ns = 1'000'000'000'000;

// A word of the memory and what it becomes.
struct change {
    std::size_t at;
    std::uint64_t value;
};
using changes = std::vector<change>;

constexpr std::size_t in_header(std::size_t byte) { return byte; }
constexpr std::size_t in_sleeper(std::size_t index, std::size_t byte) {
    return header_bytes + index * sleeper_bytes + byte;
}
constexpr std::size_t in_row(std::size_t index, std::size_t byte) { return rows_at + index * row_bytes + byte; }
constexpr std::uint64_t least_time = std::uint64_t{1} << 63;
constexpr std::uint64_t words(std::uint32_t first, std::uint32_t second) { return std::uint64_t{second} << 32 | first; }

// A good memory: some rows in use, one sleeper.
const changes good{
    {in_header(0), 0x0a73626f2d646665}, // "efd-obs\n"
    {in_header(8), words(1, rows)},     {in_header(16), words(sleepers, 1)},
    {in_header(24), 500'000'000},       {in_header(32), words(1, 3)},
    {in_row(0, 0), words(1, 77)},       {in_row(0, 32), 5},
    {in_row(2, 0), words(9, 77)},       {in_row(2, 8), 2},
    {in_row(8192, 0), words(5, 77)},    {in_row(8192, 128), 0x73656d617266}, // "frames"
    {in_sleeper(3, 0), words(78, 0)},   {in_sleeper(3, 8), 900'000'000},
};
// Each has hurt a reader once, or would hurt one that lacks a check.
const std::array<changes, 10> known_hostile{{
    {{in_sleeper(3, 8), least_time}},                          // a difference of times overflows
    {{in_header(24), least_time}},                             // so it does for the process
    {{in_row(0, 104), least_time}, {in_row(0, 112), ~0ULL}},   // and for the signaller
    {{in_sleeper(3, 0), words(78, 0xffff'ffff)}},              // a sleeper in no row
    {{in_sleeper(3, 0), words(78, 1)}},                        // in an empty row
    {{in_header(32), words(1, 0xffff'ffff)}},                  // more rows in use than there are
    {{in_row(0, 128), ~0ULL}, {in_row(0, 136), 0x0a1b5b3363}}, // a name that moves the cursor
    {{in_row(0, 40), ~0ULL}, {in_row(0, 48), ~0ULL}, {in_row(0, 56), ~0ULL}, {in_row(0, 64), ~0ULL}}, // sums overflow
    {{in_header(8), words(1, 0xffff'ffff)}},      // a header with more rows
    {{in_row(0, 24), ~0ULL}, {in_row(2, 24), 1}}, // made nowhere
}};

class memory {
  public:
    memory() : file_(std::make_unique<observed_file>()) { apply(good); }
    void apply(const changes& all) {
        for (const change& one : all) {
            undo_.push_back({one.at, at<std::uint64_t>(one.at)});
            std::memcpy(bytes() + one.at, &one.value, sizeof one.value);
        }
    }
    void be_good() {
        for (; undo_.size() > good.size(); undo_.pop_back())
            std::memcpy(bytes() + undo_.back().at, &undo_.back().value, sizeof undo_.back().value);
    }
    template <class Value>
    Value at(std::size_t offset) const {
        Value value{};
        std::memcpy(&value, reinterpret_cast<const char*>(file_.get()) + offset, sizeof value);
        return value;
    }
    const observed_file& file() const { return *file_; }
    bool lives(std::size_t row) const { return row < rows && (at<std::uint32_t>(in_row(row, 0)) & 1) != 0; }

  private:
    char* bytes() { return reinterpret_cast<char*>(file_.get()); }
    std::unique_ptr<observed_file> file_;
    changes undo_;
};
static_assert(sizeof(observed_file) == rows_at + rows * row_bytes);

using processes = std::vector<observed_process>;
struct reader {
    bool (*parse)(const observed_file&, observed_process&);
    std::string (*table)(const processes&, std::size_t columns);
};
std::string table_of(const processes& all, std::size_t columns) {
    return observed_to_table(all, now_ns, {.columns = columns});
}
constexpr reader production{parse_observed, table_of};

bool is_good_header(const memory& of) {
    return of.at<std::uint64_t>(0) == 0x0a73626f2d646665 && of.at<std::uint32_t>(8) == 1 &&
           of.at<std::uint32_t>(12) == rows && of.at<std::uint32_t>(16) == sleepers && of.at<std::uint32_t>(32) != 0;
}

const char* wrong_object(const memory& of, std::size_t row, const observed_object& one) {
    if (one.id != of.at<std::uint64_t>(in_row(row, 8)) || one.count != of.at<std::uint64_t>(in_row(row, 32)))
        return "another object than the row's";
    if (one.name.size() > 48 || one.name.find('\0') != std::string::npos) return "a name beyond its end";
    if (one.signalled_ns < 0 || one.above_zero_ns < 0 || one.beside_ns < 0) return "a time below zero";
    std::size_t asleep = 0;
    for (std::size_t i = 0; i < sleepers; ++i)
        if (of.at<std::uint32_t>(in_sleeper(i, 0)) != 0 && of.at<std::uint32_t>(in_sleeper(i, 4)) == row) ++asleep;
    if (one.sleepers.size() != asleep) return "a sleeper in another row than its own";
    for (const seen_sleeper& who : one.sleepers)
        if (who.since_ns < 0) return "a sleep since a time below zero";
    return one.beside_now_ns(now_ns) < 0 ? "a wait below zero" : nullptr;
}

const char* wrong_reading(const memory& of, const observed_process& found) {
    if (found.begun_ns < 0) return "a process from before the clock";
    std::size_t next = 0;
    for (std::size_t row = 0; row < rows; ++row) {
        if (!of.lives(row)) continue;
        if (next == found.objects.size()) return "a row is missing";
        if (const char* const wrong = wrong_object(of, row, found.objects[next++])) return wrong;
    }
    return next == found.objects.size() ? nullptr : "an object without a row";
}

const char* wrong_text(const std::string& page, std::size_t columns) {
    std::size_t width = 0;
    for (const char one : page) {
        if (one != '\n' && (one < ' ' || one > '~')) return "a byte that no terminal may get";
        width = one == '\n' ? 0 : width + 1;
        if (width > columns) return "a line that does not fit";
    }
    return nullptr;
}

const char* wrong_top(const processes& before, const processes& now) {
    const top_look earlier{before, {}, {}, now_ns - 1'000'000'000};
    const top_look later{now, {}, {}, now_ns};
    const std::vector<top_row> all = top_rows(earlier, later, top_order::saved, "");
    for (const top_row& one : all) {
        for (const double rate : {one.signals, one.takes, one.wakes, one.saved})
            if (!std::isfinite(rate) || rate < 0) return "a rate that is none";
        for (const std::size_t columns : {40U, 100U})
            if (const char* const wrong = wrong_text(top_line(one, columns), columns)) return wrong;
    }
    return nullptr;
}

const char* what_is_wrong(const reader& tried, const memory& of) {
    observed_process found;
    const bool is_accepted = tried.parse(of.file(), found);
    if (is_accepted != is_good_header(of)) return "a header is accepted that is none, or the other way round";
    if (!is_accepted) return nullptr;
    if (const char* const wrong = wrong_reading(of, found)) return wrong;
    const processes all{found};
    for (const std::size_t columns : {40U, 80U})
        if (const char* const wrong = wrong_text(tried.table(all, columns), columns)) return wrong;
    (void)to_json(all, now_ns).dump(2, ' ', true, nlohmann::ordered_json::error_handler_t::replace);
    static const processes earlier = [] {
        observed_process one;
        (void)parse_observed(memory().file(), one);
        return processes{one};
    }();
    if (const char* const wrong = wrong_top(earlier, all)) return wrong;
    return wrong_top(all, earlier);
}

// As the command reads it: by a number of this process in /proc. The file may end early.
const char* what_is_wrong_in_a_file(const memory& of, std::size_t bytes) {
    const int fd = ::memfd_create("efd-observed", MFD_CLOEXEC);
    if (fd < 0 || ::write(fd, &of.file(), bytes) != static_cast<ssize_t>(bytes)) std::abort();
    const observed_number own{static_cast<std::uint32_t>(::getpid()), "fuzz", static_cast<std::uint32_t>(fd)};
    const processes all = scan_observed({own});
    ::close(fd);
    if (bytes < sizeof(observed_file) && !all.empty()) return "a file that ends early is believed";
    return wrong_text(table_of(all, 80), 80);
}

const char* wrong_with(const reader& tried, memory& of, const changes& made, bool with_file) {
    of.apply(made);
    const char* wrong = what_is_wrong(tried, of);
    if (wrong == nullptr && with_file)
        wrong = what_is_wrong_in_a_file(of, sizeof(observed_file) - (made.size() % 2 == 0 ? 0 : made.back().value % 4));
    of.be_good();
    return wrong;
}

const char* wrong_with_known(const reader& tried, memory& of) {
    for (const changes& one : known_hostile)
        if (const char* const wrong = wrong_with(tried, of, one, true)) return wrong;
    return nullptr;
}

// A place of a word, from any number.
std::size_t place_of(std::uint32_t kind, std::uint32_t index, std::uint32_t word) {
    constexpr std::array<std::size_t, 5> used{0, 1, 2, 8191, 8192};
    if (kind % 4 == 0) return in_header(word % (header_bytes / 8) * 8);
    if (kind % 4 == 1) return in_sleeper(index % sleepers, word % (sleeper_bytes / 8) * 8);
    const std::size_t row = kind % 4 == 2 ? used[index % used.size()] : index % rows;
    return in_row(row, word % (row_bytes / 8) * 8);
}

#ifndef EFD_FUZZ_COVERAGE

changes some_changes(std::mt19937_64& random) {
    constexpr std::array<std::uint64_t, 9> bounds{0,    1,        ~0ULL, least_time, least_time - 1,
                                                  rows, sleepers, 8192,  1ULL << 32};
    changes made;
    for (std::uint64_t left = random() % 12 + 1; left > 0; --left) {
        const std::uint64_t draw = random();
        const std::uint64_t value =
            draw >> 62 == 0 ? random() : bounds[(draw >> 48) % bounds.size()] + random() % 3 - 1;
        made.push_back({place_of(draw & 3, draw >> 2 & 0xffff, draw >> 20 & 0xff), value});
    }
    return made;
}

// Null: nothing wrong in so many memories.
const char* search(const reader& tried, std::uint64_t seed, std::uint64_t memories) {
    constexpr std::uint64_t file_every = 16;
    std::mt19937_64 random(seed);
    memory of;
    if (const char* const wrong = wrong_with_known(tried, of)) return wrong;
    for (std::uint64_t i = 0; i < memories; ++i)
        if (const char* const wrong = wrong_with(tried, of, some_changes(random), i % file_every == 0)) return wrong;
    return nullptr;
}

constexpr efd::fuzz::broken_reader<reader> broken_readers[] = {
    {"any number of rows",
     {[](const observed_file& from, observed_process& to) {
          const auto copy = std::make_unique<observed_file>();
          std::memcpy(static_cast<void*>(copy.get()), &from, sizeof from);
          copy->header.rows = rows;
          return parse_observed(*copy, to);
      },
      table_of}},
    {"times as they are",
     {[](const observed_file& from, observed_process& to) {
          const bool is_read = parse_observed(from, to);
          to.begun_ns = from.header.begun_ns;
          return is_read;
      },
      table_of}},
    {"a sleeper in any row",
     {[](const observed_file& from, observed_process& to) {
          const bool is_read = parse_observed(from, to);
          for (const auto& one : from.sleepers)
              if (const auto row = one.row.load(efd::base::relaxed); row >= rows && !to.objects.empty())
                  to.objects[row % to.objects.size()].sleepers.push_back({1, false, 0});
          return is_read;
      },
      table_of}},
    {"names as they are",
     {parse_observed,
      [](const processes& all, std::size_t columns) {
          std::string page = table_of(all, columns);
          for (const observed_object& one : all[0].objects) page += one.name.substr(0, columns) + '\n';
          return page;
      }}},
    {"lines of any width", {parse_observed, [](const processes& all, std::size_t) { return table_of(all, 1 << 20); }}},
};

#endif

} // namespace

#ifdef EFD_FUZZ_COVERAGE

// Twelve bytes are a change: kind, index, word, value.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static memory of;
    static std::uint64_t tried = 0;
    constexpr std::size_t change_bytes = 12;
    changes made;
    for (; size >= change_bytes; data += change_bytes, size -= change_bytes) {
        std::uint64_t value = 0;
        std::memcpy(&value, data + 4, sizeof value);
        made.push_back({place_of(data[0], data[1] | static_cast<std::uint32_t>(data[2]) << 8, data[3]), value});
    }
    if (tried == 0) // for run_libfuzzer.py
        std::atexit([] { std::fprintf(stderr, "fuzz: %" PRIu64 " programs, %" PRIu64 " steps\n", tried, tried); });
    const char* wrong = tried++ == 0 ? wrong_with_known(production, of) : nullptr;
    if (wrong == nullptr && !made.empty()) wrong = wrong_with(production, of, made, tried % 16 == 0);
    if (wrong == nullptr) return 0;
    std::fprintf(stderr, "%s\n", wrong);
    std::abort();
}

#else

int main(int argc, char** argv) {
    return efd::fuzz::run_search<reader>(
        argc, argv, {"observed memory, random words", "memories", search, production, broken_readers, 20'000});
}

#endif
