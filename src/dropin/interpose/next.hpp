// dropin/interpose/next.hpp: the definitions that the interposed names would have had without us.
//
// Until the constructor has run (start-up of other libraries, allocators that read files) the calls of which every
// program is made go straight to the kernel; all others are looked up when they are first needed.
#pragma once

#include <efd/base/atomic.hpp>

#include <cstddef>
#include <sys/types.h>

struct iovec;

#define EFD_INTERPOSE extern "C" __attribute__((visibility("default")))

namespace efd::dropin {

struct next_calls {
    int (*eventfd)(unsigned, int);
    ssize_t (*read)(int, void*, std::size_t);
    ssize_t (*write)(int, const void*, std::size_t);
    ssize_t (*readv)(int, const iovec*, int);
    ssize_t (*writev)(int, const iovec*, int);
    int (*close)(int);
    int (*dup)(int);
    int (*dup2)(int, int);
    int (*dup3)(int, int, int);
    int (*fcntl)(int, int, void*);
    int (*fcntl64)(int, int, void*);
};
extern next_calls next;

// Fills in `next`; once, from the constructor.
void find_next_calls() noexcept;

// The next definition of a name that is not among them; stops the program if there is none.
[[nodiscard]] void* find_next(const char* name) noexcept;

// The same of a name that a library may bring which is loaded later, for the code at `caller`: it and what it depends
// on are searched where the rest of the program is in vain, and the library that has it is never unloaded. Null: none.
[[nodiscard]] void* find_to_keep(const char* name, const void* caller) noexcept;

// The next definition of a name, looked up when first needed.
template <class Function>
class later {
  public:
    explicit constexpr later(const char* name) noexcept : name_(name) {}
    template <class... Arguments>
    auto operator()(Arguments... arguments) {
        Function* there = found_.load(base::relaxed);
        if (there == nullptr) found_.store(there = reinterpret_cast<Function*>(find_next(name_)), base::relaxed);
        return there(arguments...);
    }

  private:
    const char* name_;
    base::atomic<Function*> found_{nullptr};
};

} // namespace efd::dropin
