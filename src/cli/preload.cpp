// SPDX-License-Identifier: MIT
// cli/preload.cpp: see preload.hpp.
#include "cli/preload.hpp"

#include "cli/failure.hpp"

#include <array>
#include <cstdlib>
#include <dlfcn.h>
#include <fmt/format.h>
#include <stdexcept>

namespace efd::cli {

namespace fs = std::filesystem;

namespace {

// The loader splits LD_PRELOAD at these characters and has no quoting.
fs::path loadable(const fs::path& library) {
    if (library.string().find_first_of(" :$") == std::string::npos) return library;
    throw std::runtime_error(
        fmt::format("LD_PRELOAD cannot name '{}', for its spaces, colons or dollars; copy it elsewhere "
                    "and say where by EFD_DROPIN_LIBRARY",
                    library.string()));
}

// The library's path relative to glibc's own directory, which glibc's loader substitutes for $LIB. musl's loader takes
// the name literally, finds no such file, and goes on silently; if it found a library that needs glibc it would end the
// program. So LD_PRELOAD can pass through programs of musl to their children.
std::string name_for_glibc(const fs::path& library) {
    for (const std::string directory : {"/usr/$LIB", "/$LIB"}) {
        void* const libc = ::dlopen((directory + "/libc.so.6").c_str(), RTLD_LAZY | RTLD_NOLOAD);
        if (libc == nullptr) continue;
        ::dlclose(libc);
        return directory + "/../../../../.." + library.string(); // above the root is the root
    }
    return library.string();
}

} // namespace

fs::path find_dropin() {
    if (const char* const named = std::getenv("EFD_DROPIN_LIBRARY"); named != nullptr && named[0] != '\0') {
        if (!fs::exists(named))
            throw std::runtime_error(fmt::format("EFD_DROPIN_LIBRARY names {}, which is not there", named));
        return loadable(fs::canonical(named));
    }
    const fs::path own_folder = fs::read_symlink("/proc/self/exe").parent_path();
    const std::array<fs::path, 2> places = {own_folder / EFD_DROPIN_BUILT, own_folder / EFD_DROPIN_INSTALLED};
    for (const fs::path& one : places)
        if (fs::exists(one)) return loadable(fs::canonical(one));
    throw std::runtime_error(
        fmt::format("libefd-dropin.so is neither {} nor {}; EFD_DROPIN_LIBRARY may say where it is", places[0].string(),
                    places[1].string()));
}

void set_environment(const char* name, const std::string& value) {
    if (::setenv(name, value.c_str(), 1) != 0) broken(name);
}

void preload_dropin(const std::string& profile, const std::string& region) {
    std::string preload = name_for_glibc(find_dropin());
    if (const char* const before = std::getenv("LD_PRELOAD"); before != nullptr && before[0] != '\0')
        preload = fmt::format("{}:{}", before, preload);
    set_environment("LD_PRELOAD", preload);
    if (!profile.empty()) set_environment("EFD_DROPIN_PROFILE", profile);
    if (!region.empty()) set_environment("EFD_DROPIN_REGION", region);
}

} // namespace efd::cli
