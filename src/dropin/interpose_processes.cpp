// dropin/interpose_processes.cpp: the names by which other programs come in, and a process shuts itself in.
#include "dropin/descriptors.hpp"
#include "dropin/escapes.hpp"
#include "dropin/interpose.hpp"

#include <alloca.h>
#include <cstdarg>
#include <cstdio>
#include <sched.h>
#include <sys/prctl.h>

using namespace efd::dropin;

namespace {

using arguments = char* const*;

} // namespace

EFD_INTERPOSE int execve(const char* path, arguments argv, arguments environment) {
    static constinit later<int(const char*, arguments, arguments)> real("execve");
    before_exec();
    return real(path, argv, environment);
}

EFD_INTERPOSE int execv(const char* path, arguments argv) {
    static constinit later<int(const char*, arguments)> real("execv");
    before_exec();
    return real(path, argv);
}

EFD_INTERPOSE int execvp(const char* file, arguments argv) {
    static constinit later<int(const char*, arguments)> real("execvp");
    before_exec();
    return real(file, argv);
}

EFD_INTERPOSE int execvpe(const char* file, arguments argv, arguments environment) {
    static constinit later<int(const char*, arguments, arguments)> real("execvpe");
    before_exec();
    return real(file, argv, environment);
}

EFD_INTERPOSE int fexecve(int fd, arguments argv, arguments environment) {
    static constinit later<int(int, arguments, arguments)> real("fexecve");
    before_exec();
    return real(fd, argv, environment);
}

EFD_INTERPOSE int execveat(int directory, const char* path, arguments argv, arguments environment, int flags) {
    static constinit later<int(int, const char*, arguments, arguments, int)> real("execveat");
    before_exec();
    return real(directory, path, argv, environment, flags);
}

namespace {

// The words of an execl call, which end with a null pointer, onto the caller's stack; `rest` then stands behind it.
std::size_t count_words(va_list rest) noexcept {
    std::size_t words = 1;
    va_list again;
    va_copy(again, rest);
    while (va_arg(again, char*) != nullptr) ++words;
    va_end(again);
    return words;
}

void collect_words(char** into, const char* first, va_list& rest) noexcept {
    *into++ = const_cast<char*>(first);
    while ((*into = va_arg(rest, char*)) != nullptr) ++into;
}

} // namespace

EFD_INTERPOSE int execl(const char* path, const char* first, ...) {
    va_list rest;
    va_start(rest, first);
    auto** const words = static_cast<char**>(alloca((count_words(rest) + 1) * sizeof(char*)));
    collect_words(words, first, rest);
    va_end(rest);
    return execv(path, words);
}

EFD_INTERPOSE int execlp(const char* file, const char* first, ...) {
    va_list rest;
    va_start(rest, first);
    auto** const words = static_cast<char**>(alloca((count_words(rest) + 1) * sizeof(char*)));
    collect_words(words, first, rest);
    va_end(rest);
    return execvp(file, words);
}

EFD_INTERPOSE int execle(const char* path, const char* first, ...) {
    va_list rest;
    va_start(rest, first);
    auto** const words = static_cast<char**>(alloca((count_words(rest) + 1) * sizeof(char*)));
    collect_words(words, first, rest);
    const arguments environment = va_arg(rest, arguments);
    va_end(rest);
    return execve(path, words, environment);
}

EFD_INTERPOSE int posix_spawn(int* child, const char* path, const void* actions, const void* attributes, arguments argv,
                              arguments environment) {
    static constinit later<int(int*, const char*, const void*, const void*, arguments, arguments)> real("posix_spawn");
    before_spawn(actions != nullptr);
    return real(child, path, actions, attributes, argv, environment);
}

EFD_INTERPOSE int posix_spawnp(int* child, const char* file, const void* actions, const void* attributes,
                               arguments argv, arguments environment) {
    static constinit later<int(int*, const char*, const void*, const void*, arguments, arguments)> real("posix_spawnp");
    before_spawn(actions != nullptr);
    return real(child, file, actions, attributes, argv, environment);
}

EFD_INTERPOSE int system(const char* command) {
    static constinit later<int(const char*)> real("system");
    before_spawn(false);
    return real(command);
}

EFD_INTERPOSE FILE* popen(const char* command, const char* mode) {
    static constinit later<FILE*(const char*, const char*)> real("popen");
    before_spawn(false);
    return real(command, mode);
}

EFD_INTERPOSE int clone(int (*entry)(void*), void* stack, int flags, void* argument, ...) {
    using function = int(int (*)(void*), void*, int, void*, void*, void*, void*);
    static constinit later<function> real("clone");
    va_list rest;
    va_start(rest, argument);
    void* more[3] = {};
    for (void*& one : more) one = va_arg(rest, void*);
    va_end(rest);
    before_clone(static_cast<unsigned>(flags));
    return real(entry, stack, flags, argument, more[0], more[1], more[2]);
}

EFD_INTERPOSE int unshare(int flags) {
    static constinit later<int(int)> real("unshare");
    if ((flags & CLONE_FILES) != 0) before_unshare();
    return real(flags);
}

EFD_INTERPOSE int prctl(int option, ...) {
    static constinit later<int(int, long, long, long, long)> real("prctl");
    va_list rest;
    va_start(rest, option);
    long more[4] = {};
    for (long& one : more) one = va_arg(rest, long);
    va_end(rest);
    if (option == PR_SET_SECCOMP) before_sandbox();
    return real(option, more[0], more[1], more[2], more[3]);
}
