// SPDX-License-Identifier: MIT
// verify/fuzz/fuzz_attach.cpp: the property of attach_property.hpp as a plain program.
//
// Good headers of random numbers, each with a few fields changed, mostly to values at a bound, until the time is over.
// --caught shows instead that each broken parser is distinguished from the library's. One thread.
#include "fuzz/attach_property.hpp"
#include "fuzz/options.hpp"

#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <iterator>
#include <random>

namespace {

using namespace efd::fuzz;
namespace share = efd::share;
using clock_type = std::chrono::steady_clock;
using share::header;
using share::refusal;

class random_headers {
  public:
    explicit random_headers(std::uint64_t seed) : random_(seed) {}

    attach_case next() {
        share::numbers n;
        n.slots = log_uniform(share::slots_most);
        n.processes = log_uniform(share::processes_most);
        n.names = log_uniform(share::names_most);
        n.sets = log_uniform(efd::core::sets_most);
        n.last_look_ms = log_uniform(60'000);
        n.first_look_ms = log_uniform(n.last_look_ms);
        const share::layout where = share::layout_of(n);
        attach_case made{};
        made.header = {.magic = share::header_magic,
                       .version = share::layout_version,
                       .byte_order = share::byte_order_mark,
                       .bytes = where.bytes,
                       .slots = n.slots,
                       .processes = n.processes,
                       .names = n.names,
                       .first_look_ms = n.first_look_ms,
                       .last_look_ms = n.last_look_ms,
                       .sets = n.sets,
                       .identity = {}};
        for (auto changes = random_() % 4; changes > 0; --changes) change(made.header);
        if (random_() % 4 == 0) agree(made.header); // a header that is wrong, and right in itself
        made.file_bytes = random_() % 3 == 0 ? made.header.bytes + random_() % 3 * 65536 - 65536 : made.header.bytes;
        return made;
    }

  private:
    std::uint32_t log_uniform(std::uint32_t most) {
        const std::uint32_t shifted = static_cast<std::uint32_t>(random_()) >> random_() % 32;
        return shifted % most + 1;
    }
    std::uint32_t edge() {
        const std::uint32_t bounds[] = {0,      1,          share::slots_most, share::processes_most, share::names_most,
                                        60'000, UINT32_MAX, 1U << 31};
        return bounds[random_() % std::size(bounds)] + static_cast<std::uint32_t>(random_() % 3) - 1;
    }
    void change(header& h) {
        switch (random_() % 11) {
        case 0: h.magic ^= std::uint64_t{1} << random_() % 64; break;
        case 1: h.version = edge(); break;
        case 2: h.byte_order = random_() % 2 == 0 ? 0x04030201 : edge(); break;
        case 3: h.bytes = random_() % 2 == 0 ? h.bytes ^ std::uint64_t{1} << random_() % 64 : edge(); break;
        case 4: h.slots = edge(); break;
        case 5: h.processes = edge(); break;
        case 6: h.names = edge(); break;
        case 7: h.first_look_ms = edge(); break;
        case 8: h.last_look_ms = edge(); break;
        case 9: h.sets = edge(); break;
        default: h.identity[random_() % h.identity.size()] ^= 1; break;
        }
    }
    static void agree(header& h) {
        h.bytes = share::layout_of({h.slots, h.processes, h.names, h.first_look_ms, h.last_look_ms, h.sets}).bytes;
    }

    std::mt19937_64 random_;
};

refusal of_library(const header& copy, std::uint64_t available, share::layout& found) {
    return share::parse_header(copy, available, found);
}

// ---- Parsers that lack one check each.

template <class Repair>
refusal lenient(header copy, std::uint64_t available, share::layout& found, Repair repair) {
    repair(copy, available);
    return share::parse_header(copy, available, found);
}
struct broken_parser {
    const char* lacks;
    header_parser parse;
};
constexpr broken_parser broken_parsers[] = {
    {"the magic",
     [](const header& h, std::uint64_t a, share::layout& l) {
         return lenient(h, a, l, [](header& c, std::uint64_t&) { c.magic = share::header_magic; });
     }},
    {"the version",
     [](const header& h, std::uint64_t a, share::layout& l) {
         return lenient(h, a, l, [](header& c, std::uint64_t&) { c.version = share::layout_version; });
     }},
    {"the byte order",
     [](const header& h, std::uint64_t a, share::layout& l) {
         return lenient(h, a, l, [](header& c, std::uint64_t&) { c.byte_order = share::byte_order_mark; });
     }},
    {"the size of the file",
     [](const header& h, std::uint64_t, share::layout& l) { return share::parse_header(h, UINT64_MAX, l); }},
    {"the size that the header says",
     [](const header& h, std::uint64_t a, share::layout& l) {
         return lenient(h, a, l, [](header& c, std::uint64_t&) {
             c.bytes = share::layout_of({c.slots, c.processes, c.names, c.first_look_ms, c.last_look_ms, c.sets}).bytes;
         });
     }},
    {"the bounds of numbers",
     [](const header& h, std::uint64_t, share::layout& l) {
         if (h.magic != share::header_magic || h.version != share::layout_version) return refusal::not_an_arena;
         l = share::layout_of({h.slots, h.processes, h.names, h.first_look_ms, h.last_look_ms, h.sets});
         return l.bytes == h.bytes ? refusal::none : refusal::wrong_size;
     }},
    {"the order of looks",
     [](const header& h, std::uint64_t a, share::layout& l) {
         return lenient(h, a, l, [](header& c, std::uint64_t&) { c.first_look_ms = 0; });
     }},
    {"a length of rows for slots that do not fill the last byte",
     [](const header& h, std::uint64_t a, share::layout& l) {
         const refusal why = share::parse_header(h, a, l);
         l.row_bytes = h.slots / 8;
         return why;
     }},
    {"room for the last line of slots",
     [](const header& h, std::uint64_t a, share::layout& l) {
         const refusal why = share::parse_header(h, a, l);
         l.slots_at += 65536;
         return why;
     }},
};

int compare_library(const options& given) {
    constexpr std::uint64_t file_every = 8;
    random_headers source(given.seed);
    attach_tally tally;
    const auto end = clock_type::now() + std::chrono::duration<double>(given.seconds);
    while (clock_type::now() < end) {
        const attach_case one = source.next();
        const auto broken = check_attach(one, of_library, tally.headers % file_every == 0, tally);
        if (!broken) continue;
        std::printf("%s\ninput:", broken->c_str());
        for (const char byte : input_of(one)) std::printf(" %02x", static_cast<unsigned char>(byte));
        std::printf("\n");
        return 1;
    }
    std::printf("%" PRIu64 " headers, %" PRIu64 " accepted, %" PRIu64 " attached to and touched\n", tally.headers,
                tally.accepted, tally.attached);
    return tally.attached > 0 ? 0 : 1;
}

int catch_all(const options& given) {
    constexpr int most = 100'000;
    std::size_t caught = 0;
    for (const broken_parser& one : broken_parsers) {
        random_headers source(given.seed);
        attach_tally tally;
        std::optional<std::string> broken;
        for (int i = 0; i < most && !broken; ++i) broken = check_attach(source.next(), one.parse, false, tally);
        std::printf("without %s: %s, after %" PRIu64 " headers\n", one.lacks, broken ? broken->c_str() : "NOT CAUGHT",
                    tally.headers);
        caught += broken ? 1U : 0U;
    }
    std::printf("%zu of %zu broken parsers caught\n", caught, std::size(broken_parsers));
    return caught == std::size(broken_parsers) ? 0 : 1;
}

} // namespace

int main(int argc, char** argv) {
    const options given(argc, argv);
    return given.caught ? catch_all(given) : compare_library(given);
}
