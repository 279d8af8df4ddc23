// SPDX-License-Identifier: MIT
// dropin/interpose/next.hpp: the next definitions of the interposed names, which the program would use without the
// drop-in. They are looked up at the first call.
#pragma once

#include <efd/detail/base/atomic.hpp>

#include <algorithm>
#include <cstddef>

#define EFD_INTERPOSE extern "C" __attribute__((visibility("default")))

namespace efd::dropin {

// The next definition of a name. Stops the program if there is none.
[[nodiscard]] void* find_next(const char* name) noexcept;

// The same for a name that may be defined by a library that is loaded later. If the program's own libraries lack it,
// the library of the code at `caller` and its dependencies are searched. The library that defines it is never unloaded.
[[nodiscard]] void* find_to_keep(const char* name, const void* caller) noexcept;

// A name, as a part of a type.
template <std::size_t Length>
struct literal {
    char text[Length]{};
    // cppcheck-suppress noExplicitConstructor
    consteval literal(const char (&from)[Length]) { std::copy_n(from, Length, text); } // NOLINT: it is written as one
};

// The next definition of a name, looked up when first called: until then it stands for what looks it up, so that a call
// is one jump.
template <literal Name, class Function>
class later;
template <literal Name, class Result, class... Arguments>
class later<Name, Result(Arguments...)> {
  public:
    Result operator()(Arguments... arguments) const { return next.load(base::relaxed)(arguments...); }

  private:
    using function = Result(Arguments...);
    [[gnu::cold]] static Result look_up(Arguments... arguments) {
        auto* const found = reinterpret_cast<function*>(find_next(Name.text));
        next.store(found, base::relaxed);
        return found(arguments...);
    }
    static constinit inline base::atomic<function*> next{look_up};
};

} // namespace efd::dropin
