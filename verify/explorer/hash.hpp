// SPDX-License-Identifier: MIT
// Hashes of states, and the table of those that were seen.
#pragma once

#include <cstdint>
#include <vector>

namespace explore {

struct scenario;

struct hash128 {
    std::uint64_t a = 0x9E37'79B9'7F4A'7C15;
    std::uint64_t b = 0xC2B2'AE3D'27D4'EB4F;

    void add(std::uint64_t word) noexcept {
        a = (a ^ word) * 0xFF51'AFD7'ED55'8CCD;
        a ^= a >> 32;
        b = (b + word) * 0xC4CE'B9FE'1A85'EC53;
        b ^= b >> 29;
    }
    friend bool operator==(const hash128& x, const hash128& y) noexcept { return x.a == y.a && x.b == y.b; }
    friend bool operator<(const hash128& x, const hash128& y) noexcept { return x.a != y.a ? x.a < y.a : x.b < y.b; }
};

// Of the machine's present state. Threads of one kind may be exchanged without changing it.
hash128 hash_of_state(const scenario& what);

class visited_table {
  public:
    enum answer : unsigned char { added, known, on_path };

    answer insert(const hash128& h);
    void off_path(const hash128& h) noexcept;
    void clear();

  private:
    // The lowest bit of b says whether the state is on the present path.
    hash128& slot_for(const hash128& h) noexcept;
    void grow();

    std::vector<hash128> slots_;
    std::uint64_t used_ = 0;
};

} // namespace explore
