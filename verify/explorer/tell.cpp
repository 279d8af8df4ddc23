// SPDX-License-Identifier: MIT
// Telling a schedule, replaying it, and writing it down as a seed.
#include "explorer/tell.hpp"

#include "explorer/search.hpp"
#include "explorer/snapshot.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <sstream>

extern "C" const char __executable_start;

namespace explore {
namespace {

struct named_place {
    std::uintptr_t address;
    const char* name;
};
std::vector<named_place> names;
const scenario* told = nullptr;

std::string place_name(const void* address) {
    const auto at = reinterpret_cast<std::uintptr_t>(address);
    for (const named_place& known : names)
        if (known.address == at) return known.name;
    char text[32];
    std::snprintf(text, sizeof text, "%zx", static_cast<std::size_t>(at));
    return text;
}

std::string value_text(const request& asked, std::uint64_t value) {
    char text[40];
    if (asked.size == 8 && value >> 32 != 0)
        std::snprintf(text, sizeof text, "%llx:%08llx", static_cast<unsigned long long>(value >> 32),
                      static_cast<unsigned long long>(value & 0xFFFF'FFFF));
    else
        std::snprintf(text, sizeof text, "%llx", static_cast<unsigned long long>(value));
    return text;
}

// NAME of "// NAME, what" on the line of the step or beside it: how docs/races.md calls it.
std::string step_name(const std::source_location& where) {
    std::ifstream file(where.file_name());
    std::string line;
    std::string found;
    for (unsigned i = 1; i <= where.line() + 2 && std::getline(file, line); ++i) {
        const auto comment = line.find("// ");
        if (i + 2 < where.line() || comment == std::string::npos) continue;
        const std::string rest = line.substr(comment + 3);
        const auto length = rest.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ_");
        const auto end = length == std::string::npos ? rest.size() : length;
        if (end >= 4 && (found.empty() || i <= where.line())) found = rest;
    }
    return found;
}

std::string short_file(const std::source_location& where) {
    const std::string path = where.file_name();
    const auto slash = path.rfind('/');
    return (slash == std::string::npos ? path : path.substr(slash + 1)) + ":" + std::to_string(where.line());
}

void tell_step(int thread, const request& asked, const std::string& what) {
    const char* const who = told->threads[static_cast<std::size_t>(thread)].name;
    if (asked.address == nullptr) {
        std::printf("  %-10s %s\n", who, what.c_str());
        return;
    }
    std::string text = std::string(name_of(asked.what)) + " " + place_name(asked.address);
    const bool waits = asked.what == act::futex_queue || asked.what == act::futex_wait;
    const bool futex = waits || asked.what == act::futex_wake;
    const bool cas = asked.what == act::cas_weak || asked.what == act::cas_strong;
    if (waits) text += ", expects " + value_text(asked, asked.expected);
    if (asked.what == act::futex_wake)
        text += asked.operand == INT32_MAX ? std::string(", all") : ", " + std::to_string(asked.operand);
    if (!futex && asked.what != act::store && asked.what != act::born) text += ": " + value_text(asked, asked.value);
    if (is_write(asked.what) && !futex)
        text += asked.done ? " -> " + value_text(asked, value_after(asked, asked.value)) : ", no exchange";
    if (!what.empty()) text += ": " + what;
    std::string where = short_file(asked.where);
    if (!futex) where = std::string(name_of(cas && !asked.done ? asked.failure : asked.success)) + ", " + where;
    const std::string named = futex ? "" : step_name(asked.where);
    std::printf("  %-10s %-66s %s%s%s\n", who, text.c_str(), where.c_str(), named.empty() ? "" : "  // ",
                named.c_str());
}

constexpr char events[] = "mexwsitko"; // in the order of enum event
constexpr char digits[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

// Addresses as seen from what stays: the arena, a named region, the program.
std::string place_key(const place& p) {
    const auto arena = reinterpret_cast<std::uintptr_t>(arena_begin());
    const auto image = reinterpret_cast<std::uintptr_t>(&__executable_start);
    const bool inside = p.address >= arena && p.address < arena + (1U << 14);
    char text[40];
    std::snprintf(text, sizeof text, "%c%zx.%zu", inside ? 'a' : 'x',
                  static_cast<std::size_t>(p.address - (inside ? arena : image)), p.size);
    return text;
}

bool read_place(const std::string& key, int slot) {
    char kind = 0;
    unsigned long long offset = 0;
    unsigned long long size = 0;
    if (std::sscanf(key.c_str(), "%c%llx.%llu", &kind, &offset, &size) != 3) return false;
    const auto base = kind == 'a' ? reinterpret_cast<std::uintptr_t>(arena_begin())
                                  : reinterpret_cast<std::uintptr_t>(&__executable_start);
    the_machine().places().push_back({base + offset, static_cast<std::size_t>(size), -1, use::shared, -1, true, slot});
    return true;
}

} // namespace

void name_place(const void* address, const char* name) {
    arena_open(false);
    names.push_back({reinterpret_cast<std::uintptr_t>(address), name});
    arena_open(true);
}
void forget_names() noexcept { names.clear(); }

std::string replay(const scenario& what, const std::vector<choice>& path) {
    machine& m = the_machine();
    told = &what;
    prepare(what);
    m.tell = tell_step;
    start(what);
    for (std::size_t i = 0; i < path.size() && !m.failed() && !m.wants_restart(); ++i) {
        m.apply(path[i]);
        if (m.now.locked < 0) m.trim(); // as the search did: messages are named by their place in what is left
    }
    m.tell = nullptr;
    std::string why = m.failure();
    std::vector<choice> choices;
    bool quiet = false;
    if (why.empty() && m.wants_restart()) why = "the schedule uses places that the seed does not name";
    if (why.empty()) m.list_choices(choices, quiet);
    if (why.empty() && quiet) why = what.check();
    m.finish();
    return why;
}

std::string seed_of(const scenario& what, const std::vector<choice>& path) {
    std::string seed = std::string(what.name) + "/";
    std::vector<const place*> shared(static_cast<std::size_t>(the_machine().shared_count()));
    for (const place& p : the_machine().places())
        if (p.used == use::shared) shared[static_cast<std::size_t>(p.slot)] = &p;
    for (const place* p : shared) seed += place_key(*p) + ",";
    seed += "/";
    for (const choice& c : path) {
        seed += digits[c.thread];
        seed += events[static_cast<std::size_t>(c.what)];
        if (c.what == event::read_message) seed += digits[c.argument];
    }
    return seed;
}

bool read_seed(const scenario& what, const std::string& seed, std::vector<choice>& path) {
    const auto first = seed.find('/');
    const auto second = seed.find('/', first + 1);
    if (first == std::string::npos || second == std::string::npos || seed.substr(0, first) != what.name) return false;
    the_machine().forget_places();
    std::istringstream keys(seed.substr(first + 1, second - first - 1));
    std::string key;
    int slot = 0;
    while (std::getline(keys, key, ','))
        if (!key.empty() && !read_place(key, slot++)) return false;
    the_machine().set_shared_count(slot);
    for (std::size_t i = second + 1; i + 1 < seed.size(); i += 2) {
        const char* const what_happens = std::strchr(events, seed[i + 1]);
        const char* const thread = std::strchr(digits, seed[i]);
        if (what_happens == nullptr || thread == nullptr) return false;
        choice c{static_cast<std::uint8_t>(thread - digits), static_cast<event>(what_happens - events), 0};
        if (c.what == event::read_message && i + 2 < seed.size())
            c.argument = static_cast<std::uint8_t>(std::strchr(digits, seed[++i + 1]) - digits);
        path.push_back(c);
    }
    return true;
}

} // namespace explore
