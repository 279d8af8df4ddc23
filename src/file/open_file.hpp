// SPDX-License-Identifier: MIT
// file/open_file.hpp: one open file, which several numbers may name; struct file of the kernel.
//
// Owns a reference to its context and, through it, the object's doorbell. Each number in the descriptor table and each
// call in progress has a reference to the file; the last one releases it. The flags of F_SETFL are kept below:
// O_NONBLOCK in the context, which has at most one file, the others in the kernel's file behind the number. Any thread;
// all but `of` also from signal handlers. Invariant: a file stays with the slot of its object for ever, dead or reborn
// with the slot's next object, so a thread that finds a number may try for a reference to the file that it named a
// moment ago.
#pragma once

#include <efd/detail/base/atomic.hpp>
#include <efd/detail/base/check.hpp>
#include <efd/detail/core/context.hpp>
#include <efd/detail/core/kref.hpp>

#include <cstdint>
#include <utility>

namespace efd::file {

class open_file {
  public:
    // The file of a new object's slot: dead, and made if the slot never had one. After doorbell::adopt; null if there
    // is no memory.
    [[nodiscard]] static open_file* of(core::context& object) noexcept;
    // The one file of all numbers whose eventfd is the kernel's own (file/kernel_file.hpp). It has no object, and
    // always a reference: the kernel counts those of each eventfd.
    [[nodiscard]] static open_file& of_kernel() noexcept;
    [[nodiscard]] bool is_of_kernel() const noexcept { return object_ == nullptr; }
    // Makes it live, with one reference. Takes over the caller's reference to the context.
    void init(core::context& object) noexcept;

    [[nodiscard]] core::context& object() const noexcept { return *object_; }
    // The number by which the context's doorbell is rung; -1: none of ours.
    [[nodiscard]] int doorbell_fd() const noexcept;

    // A number that names this file, while there is only one; then no other needs to be searched for.
    void add_number(int fd) noexcept;
    [[nodiscard]] int only_number() const noexcept { return only_number_.load(base::relaxed); }

    // The value of F_SETSIG. It is kept here and has no effect: the kernel's file has efd's mark there
    // (os/marked.hpp).
    void set_signal(int number) noexcept { signal_.store(number, base::relaxed); }
    [[nodiscard]] int signal() const noexcept { return signal_.load(base::relaxed); }

    // True once a call of this process has named the file and the context has a number of its own for it.
    [[nodiscard]] bool is_right() const noexcept;
    // In the child of a fork: makes the numbers of this file the child's own, once.
    void repair_in_child() noexcept;
    // Whether the doorbell has been used, here or in a parent.
    [[nodiscard]] bool is_used() const noexcept;

    void get() noexcept { refs_.get(); }
    [[nodiscard]] bool get_unless_zero() noexcept { return refs_.get_unless_zero(); }
    void put() noexcept;

  private:
    friend class file_layout;

    open_file() noexcept = default;
    constexpr explicit open_file(core::kref::permanent always) noexcept : refs_(always) {}

    static constexpr int no_number = -1;
    static constexpr int several = -2;

    static constexpr std::uint32_t nowhere = 0;

    core::kref refs_;
    base::atomic<int> only_number_{no_number};
    base::atomic<int> signal_{0};
    base::atomic<std::uint32_t> right_in_{nowhere}; // the process in which is_right holds, as far as is known
    core::context* object_ = nullptr;
};

// The owner of one reference; null where a number names none of ours.
class file_reference {
  public:
    explicit file_reference(open_file* owned) noexcept : file_(owned) {}
    ~file_reference() {
        if (file_ != nullptr) file_->put();
    }
    file_reference(file_reference&& other) noexcept : file_(std::exchange(other.file_, nullptr)) {}
    file_reference& operator=(file_reference&&) = delete;

    [[nodiscard]] explicit operator bool() const noexcept { return file_ != nullptr; }
    [[nodiscard]] open_file& operator*() const noexcept {
        EFD_CHECK(file_ != nullptr);
        return *file_;
    }
    [[nodiscard]] open_file* operator->() const noexcept {
        EFD_CHECK(file_ != nullptr);
        return file_;
    }
    [[nodiscard]] open_file* release() noexcept { return std::exchange(file_, nullptr); }

  private:
    open_file* file_;
};

} // namespace efd::file
