// dropin/interpose/next.hpp: the definitions that the interposed names would have had without us, looked up when first
// needed.
#pragma once

#include <efd/detail/base/atomic.hpp>

#include <cstddef>

#define EFD_INTERPOSE extern "C" __attribute__((visibility("default")))

namespace efd::dropin {

// The next definition of a name; stops the program if there is none.
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
        void* there = found_.load(base::relaxed);
        if (there == nullptr) {
            there = find_next(name_);
            found_.store(there, base::relaxed);
        }
        return reinterpret_cast<Function*>(there)(arguments...);
    }

  private:
    base::atomic<void*> found_{nullptr};
    const char* name_;
};

} // namespace efd::dropin
