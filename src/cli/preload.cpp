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

// The loader takes LD_PRELOAD apart at these, and there is no way to quote them.
fs::path loadable(const fs::path& library) {
    if (library.string().find_first_of(" :$") == std::string::npos) return library;
    throw std::runtime_error(
        fmt::format("LD_PRELOAD cannot name '{}', for its spaces, colons or dollars; copy it elsewhere "
                    "and say where by EFD_DROPIN_LIBRARY",
                    library.string()));
}

// The library's path by way of glibc's own directory, which glibc's loader puts in the place of $LIB. musl's loader
// takes the name as it stands, finds no such file, and goes on without a word; a library that is there, and needs
// glibc, ends a program of musl before it begins. So LD_PRELOAD can go through programs of musl to their children.
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
    const fs::path here = fs::read_symlink("/proc/self/exe").parent_path();
    const std::array<fs::path, 2> places = {here / EFD_DROPIN_BUILT, here / EFD_DROPIN_INSTALLED};
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
