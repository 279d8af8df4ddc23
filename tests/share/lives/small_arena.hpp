// SPDX-License-Identifier: MIT
// tests/share/lives/small_arena.hpp: as much of an arena's memory as life lines need: a memfd with entries and rows.
#pragma once

#include "share/life_line.hpp"

#include <cstdlib>
#include <sys/mman.h>
#include <unistd.h>

namespace efd::tests {

class small_arena {
  public:
    explicit small_arena(std::uint32_t processes = 64, std::size_t row_words = 8)
        : bytes_(processes * (sizeof(share::process_entry) + row_words * 8)),
          fd_(::memfd_create("arena", MFD_CLOEXEC)) {
        if (fd_ < 0 || ::ftruncate(fd_, static_cast<off_t>(bytes_)) != 0) ::abort();
        memory_ = ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, fd_, 0);
        if (memory_ == MAP_FAILED) ::abort();
        table_.entries = static_cast<share::process_entry*>(memory_);
        table_.rows = reinterpret_cast<base::atomic<std::uint64_t>*>(table_.entries + processes);
        table_.processes = processes;
        table_.row_words = row_words;
    }
    small_arena& operator=(small_arena&&) = delete; // neither copied nor moved
    ~small_arena() {
        ::munmap(memory_, bytes_);
        ::close(fd_);
    }
    [[nodiscard]] int fd() const { return fd_; }
    [[nodiscard]] const share::life_table& table() const { return table_; }
    [[nodiscard]] share::process_entry& entry(std::uint32_t index) const { return table_.entries[index]; }
    [[nodiscard]] base::atomic<std::uint64_t>* row(std::uint32_t index) const {
        return table_.rows + index * table_.row_words;
    }
    void fill_row(std::uint32_t index) const {
        for (std::size_t i = 0; i < table_.row_words; ++i) row(index)[i].store(~0ULL, base::relaxed);
    }
    [[nodiscard]] bool is_clear(std::uint32_t index) const {
        for (std::size_t i = 0; i < table_.row_words; ++i)
            if (row(index)[i].load(base::relaxed) != 0) return false;
        return true;
    }
    [[nodiscard]] bool is_unused(std::uint32_t index) const {
        return entry(index).in_use.load(base::relaxed) == 0 && is_clear(index);
    }
    // no_index: refused.
    [[nodiscard]] share::life_line claim() const {
        share::life_line made;
        (void)share::life_line::claim(fd_, table_, made);
        return made;
    }

  private:
    std::size_t bytes_;
    int fd_;
    void* memory_ = nullptr;
    share::life_table table_;
};

} // namespace efd::tests
