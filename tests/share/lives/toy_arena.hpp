// SPDX-License-Identifier: MIT
// tests/share/lives/toy_arena.hpp: memory with nothing in it but an identity, to be found by name; and a runtime
// directory of the test's own.
#pragma once

#include "share/name_file.hpp"
#include "share/patience.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <sys/mman.h>
#include <unistd.h>
#include <utility>

namespace efd::tests {

inline share::identity random_identity() {
    std::random_device random;
    share::identity made{};
    for (std::uint8_t& one : made) one = static_cast<std::uint8_t>(random());
    return made;
}

inline bool has_identity(int fd, const share::identity& wanted) {
    share::identity found{};
    return ::pread(fd, found.data(), found.size(), 0) == static_cast<ssize_t>(found.size()) && found == wanted;
}

// What a process holds of an arena.
struct held {
    share::outcome why = share::refusal::system;
    bool is_new = false;
    int memory = -1;
    share::identity arena{};
    share::name_claim claim;

    held() = default;
    held(held&& other) noexcept
        : why(other.why), is_new(other.is_new), memory(std::exchange(other.memory, -1)), arena(other.arena),
          claim(std::move(other.claim)) {}
    held& operator=(held&&) = delete;
    ~held() {
        claim.give_back();
        if (memory >= 0) ::close(memory);
    }
};

enum class how : unsigned char { create, open, either };

inline share::outcome make_anew(share::name_lock& lock, held& one) {
    one.arena = random_identity();
    if (const auto what = lock.begin(one.arena); what.is_refused()) return what;
    one.memory = ::memfd_create("toy", MFD_CLOEXEC);
    if (::pwrite(one.memory, one.arena.data(), one.arena.size(), 0) != 16) return share::refusal::system;
    one.is_new = true;
    return share::refusal::none;
}

template <class OnGot>
held try_to_get(const char* name, how way, OnGot on_got) {
    held one;
    share::name_lock lock;
    one.why = lock.enter(name, way != how::open);
    if (one.why != share::refusal::none) return one;
    one.why = share::refusal::not_found;
    if (way != how::create)
        one.why = lock.find([&](int fd, const share::identity& arena) {
            if (!has_identity(fd, arena)) return false;
            one.memory = fd;
            one.arena = arena;
            return true;
        });
    if (one.why == share::refusal::not_found && way != how::open) one.why = make_anew(lock, one);
    if (one.why != share::refusal::none) return one;
    on_got(one);
    one.why = lock.publish(one.memory, one.claim);
    return one;
}

// on_got: called with the lock of the name still held.
template <class OnGot = void (*)(const held&)>
held get(const char* name, how way, OnGot on_got = [](const held&) {}) {
    share::patience left;
    for (;;) {
        held one = try_to_get(name, way, on_got);
        if (one.why != share::refusal::name_busy || !left.pause()) return one;
    }
}

// $XDG_RUNTIME_DIR while it lives.
class runtime_directory {
  public:
    runtime_directory() {
        char path[] = "/dev/shm/efd-names-XXXXXX";
        if (::mkdtemp(path) == nullptr) ::abort();
        path_ = path;
        ::setenv("XDG_RUNTIME_DIR", path, 1);
    }
    runtime_directory& operator=(runtime_directory&&) = delete; // neither copied nor moved
    ~runtime_directory() {
        ::unsetenv("XDG_RUNTIME_DIR");
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] std::string names() const { return path_ + "/efd"; }
    [[nodiscard]] std::string file(const std::string& name) const { return names() + "/" + name + ".arena"; }
    [[nodiscard]] bool has(const std::string& name) const { return std::filesystem::exists(file(name)); }
    void write(const std::string& name, const std::string& text) const {
        std::ofstream(file(name), std::ios::binary) << text;
    }

  private:
    std::string path_;
};

} // namespace efd::tests
