// file/open_file.hpp: one open file, which several numbers may name; struct file of the kernel.
//
// Owns a reference to its context and, through it, the object's bell. One reference for each number in the
// descriptor table, one for each call that is inside: the last one releases, whoever has it. What F_SETFL changes lives
// below it: O_NONBLOCK in the context, as one context has one file at most, the rest in the kernel's file behind the
// number. Any thread; all but make also from signal handlers. Invariant: a place that was an open file stays one for
// ever, dead or reborn, so that who finds a number may try for a reference to what it named a moment ago.
#pragma once

#include <efd/detail/base/atomic.hpp>
#include <efd/detail/core/context.hpp>
#include <efd/detail/core/kref.hpp>

#include <cstdint>
#include <utility>

namespace efd::file {

class open_file {
  public:
    // Dead as yet, and without a context; null if there is no memory.
    [[nodiscard]] static open_file* make() noexcept;
    // Born, with one reference. Takes over the caller's to the context.
    void init(core::context& object) noexcept;

    [[nodiscard]] core::context& object() const noexcept { return *object_; }
    // The number by which the context's bell is rung; -1: none that is ours.
    [[nodiscard]] int bell() const noexcept;

    // One of the numbers that name this file, for as long as there is but one: then there is no need to look for
    // others.
    void add_number(int fd) noexcept;
    [[nodiscard]] int only_number() const noexcept { return only_number_.load(base::relaxed); }

    // What F_SETSIG was given. It stays here: the kernel's file keeps our mark there (os/descriptor.cpp), and sends
    // none.
    void set_signal(int number) noexcept { signal_.store(number, base::relaxed); }
    [[nodiscard]] int signal() const noexcept { return signal_.load(base::relaxed); }

    // At home: a call of this process has named the file before, and the context has a number of its own for it.
    [[nodiscard]] bool is_home() const noexcept;
    // In the child of a fork: makes the numbers of this file the child's own, if that has not been done.
    void come_home() noexcept;
    // Whether the bell has been used, here or in a parent.
    [[nodiscard]] bool is_used() const noexcept;

    void get() noexcept { refs_.get(); }
    [[nodiscard]] bool get_unless_zero() noexcept { return refs_.get_unless_zero(); }
    void put() noexcept;

  private:
    friend class file_layout;

    open_file() noexcept = default;
    void free() noexcept;

    // FILE_PLACES: dead files as a stack. Who needs one takes all in one step, so no file leaves and comes back under
    // another one's look.
    static base::atomic<open_file*> free_places;
    static void give_back(open_file& first) noexcept;

    static constexpr int no_number = -1;
    static constexpr int several = -2;

    static constexpr std::uint32_t nowhere = 0;

    core::kref refs_;
    base::atomic<int> only_number_{no_number};
    base::atomic<int> signal_{0};
    base::atomic<std::uint32_t> home_{nowhere}; // the process that it came home to, as far as is known here
    core::context* object_ = nullptr;
    open_file* next_free_ = nullptr;
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
    file_reference(const file_reference&) = delete;
    file_reference& operator=(const file_reference&) = delete;

    [[nodiscard]] explicit operator bool() const noexcept { return file_ != nullptr; }
    [[nodiscard]] open_file& operator*() const noexcept { return *file_; }
    [[nodiscard]] open_file* operator->() const noexcept { return file_; }
    [[nodiscard]] open_file* leave() noexcept { return std::exchange(file_, nullptr); }

  private:
    open_file* file_;
};

} // namespace efd::file
