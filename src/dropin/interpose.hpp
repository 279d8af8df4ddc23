// dropin/interpose.hpp: how an interposed name is written, and how its next definition is called.
#pragma once

#include "dropin/next.hpp"

#include <efd/base/atomic.hpp>

#define EFD_INTERPOSE extern "C" __attribute__((visibility("default")))

namespace efd::dropin {

// The next definition of a name, looked up when first needed.
template <class Function>
class later {
  public:
    explicit constexpr later(const char* name) noexcept : name_(name) {}
    template <class... Arguments>
    auto operator()(Arguments... arguments) {
        return found()(arguments...);
    }

  private:
    Function* found() noexcept {
        Function* there = found_.load(base::relaxed);
        if (there == nullptr) found_.store(there = reinterpret_cast<Function*>(find_next(name_)), base::relaxed);
        return there;
    }
    const char* name_;
    base::atomic<Function*> found_{nullptr};
};

} // namespace efd::dropin
