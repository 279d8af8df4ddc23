// tests/package/copies/host.cpp: a program with objects of its own that loads a plugin. Exit status 0: what the plugin
// made and gave back is not among the program's.
#include <efd/efd.h>
#include <efd/eventfd.hpp>

#include <cstdio>
#include <dlfcn.h>

int main(int, char** arguments) {
    efd_t* const own = efd_create(41, 0);
    efd::eventfd in_cpp(42);
    {
        efd::eventfd moved = in_cpp.duplicate();
    }
    void* const plugin = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
    auto* const call = plugin == nullptr ? nullptr : reinterpret_cast<int (*)()>(dlsym(plugin, "plugin"));
    if (call == nullptr) return std::fprintf(stderr, "%s\n", dlerror()), 1;
    if (const int end = call(); end != 0) return std::fprintf(stderr, "the plugin ended with %d\n", end), 1;
    efd_t* const another = efd_create(0, 0);
    if (another == own) return 2; // in_cpp is asked below
    efd_signal(another);
    if (efd_count(own) != 41 || in_cpp.count() != 42 || efd_id(another) != 2) return 3;
    efd_put(another);
    efd_put(own);
    return 0;
}
