// SPDX-License-Identifier: MIT
// The real table of slots: see table.hpp.
#include "explorer/table.hpp"

#include "explorer/slots.hpp"

#include "core/context_table.hpp"

#include <cstring>

namespace explore {
namespace {

using efd::core::context;
using efd::core::context_table;

// What changes of the table after its first slab is there: the lock, the ids and the first slab; the last numbers.
constexpr std::size_t table_head = 136;
constexpr std::size_t table_tail = 24;

region part_of_table(bool head) noexcept {
    auto* const all = reinterpret_cast<unsigned char*>(&context_table::instance());
    return head ? region{all, table_head} : region{all + sizeof(context_table) - table_tail, table_tail};
}

} // namespace

// As the program found it, its slab empty.
void reset_table(std::size_t slots) {
    static unsigned char head[table_head];
    static unsigned char tail[table_tail];
    static const bool kept = [] {
        std::memcpy(head, part_of_table(true).first, table_head);
        std::memcpy(tail, part_of_table(false).first, table_tail);
        return true;
    }();
    (void)kept;
    std::memcpy(part_of_table(true).first, head, table_head);
    std::memcpy(part_of_table(false).first, tail, table_tail);
    const region all = first_slots(slots * sizeof(context));
    std::memset(all.first, 0, all.bytes);
}

void name_table(std::size_t slots) {
    arena_open(false); // the machine's own list
    for (const region& r : {first_slots(slots * sizeof(context)), part_of_table(true), part_of_table(false)})
        the_machine().regions.push_back(r);
    arena_open(true);
}

} // namespace explore
