// SPDX-License-Identifier: MIT
// tests/dropin/plain_names.cpp: a program that knows of no efd, as plain_program is one: of names that are looked up,
// by itself, by others for it, or not at all. It is linked with plain_library, and not with liburing.
#include "plain_parts.hpp"

#include <cerrno>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <functional>
#include <map>
#include <string>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

extern "C" { // NOLINTBEGIN: names of libraries
[[gnu::weak]] int io_uring_queue_init(unsigned entries, void* ring, unsigned flags);
[[gnu::weak]] void io_uring_queue_exit(void* ring);
const char* io_setup(const char* name);
const char* io_queue_init(int, int, int, int, int, const char* sixth);
} // NOLINTEND

namespace {

void open_library(const char* call) {
    const int fd = busy();
    (void)::setenv("PLAIN_CALL", call, 1);
    std::printf("opened: %d\n", ::dlopen("$ORIGIN/plain_opened.so", RTLD_NOW) != nullptr);
    tell_take(fd);
}

void constructor_calls() { open_library("prctl"); }
void constructor_makes() { open_library("eventfd"); }

// What went wrong is asked for after a call of something else.
void error_kept() {
    const int fd = busy();
    std::printf("opened: %d\n", ::dlopen("/nowhere/at/all.so", RTLD_NOW) != nullptr);
    errno = 77;
    (void)::prctl(PR_GET_DUMPABLE);
    std::printf("errno: %d\n", errno);
    const char* const said = ::dlerror();
    std::printf("said: %s\n", said == nullptr ? "nothing" : said);
    tell_take(fd);
}

// A ring is made where liburing is there.
void without_liburing() {
    alignas(std::uint64_t) char ring[1024] = {};
    const int made = io_uring_queue_init == nullptr ? -ENOSYS : io_uring_queue_init(8, ring, 0);
    std::printf("ring: %d\n", made);
    if (io_uring_queue_exit != nullptr) io_uring_queue_exit(ring);
    tell_take(busy());
}

// Each by the library that has the name, and by no other.
void by_library() {
    const int fd = busy();
    const int file = ::open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    const int null = ::openat(AT_FDCWD, "/dev/null", O_WRONLY | O_CLOEXEC);
    std::printf("flags: %d\n", ::fcntl(null, F_GETFL) & O_ACCMODE);
    std::FILE* const stream = std::fopen("/dev/null", "r");
    if (stream == nullptr || std::freopen("/dev/zero", "r", stream) == nullptr) std::abort();
    (void)std::fclose(stream);
    char bytes[4] = {};
    const iovec place{bytes, sizeof bytes};
    std::printf("sendfile: %zd\n", ::sendfile64(null, file, nullptr, 16));
    std::printf("preadv2: %zd\n", ::preadv64v2(file, &place, 1, 0, 0));
    std::printf("pwritev2: %zd\n", ::pwritev64v2(null, &place, 1, -1, 0));
    tell_take(fd);
}

// What a library calls like one of libaio's, with arguments and a result of its own.
void by_name_of_libaio() {
    std::printf("given back: %d\n", io_setup(::program_invocation_name) == ::program_invocation_name);
    std::printf("sixth: %s\n", io_queue_init(1, 2, 3, 4, 5, "six"));
    tell_take(busy());
}

template <class Function>
Function* as(void* found) {
    if (found == nullptr) std::abort();
    return reinterpret_cast<Function*>(found);
}

// As ctypes, JNA and P/Invoke call libc: by functions from a handle of its own.
void by_handle_of_libc() {
    void* const libc = ::dlopen("libc.so.6", RTLD_NOW);
    const auto read_by_name = as<decltype(::read)>(::dlsym(libc, "read"));
    const auto write_by_name = as<decltype(::write)>(::dlsym(libc, "write"));
    const auto dup_by_name = as<decltype(::dup)>(::dlsym(libc, "dup"));
    const auto close_by_name = as<decltype(::close)>(::dlsym(libc, "close"));
    const auto eventfd_by_name = as<decltype(::eventfd)>(::dlsym(libc, "eventfd"));
#ifdef __x86_64__
    constexpr const char* version = "GLIBC_2.2.5";
#else
    constexpr const char* version = "GLIBC_2.17";
#endif
    const auto read_by_version = as<decltype(::read)>(::dlvsym(libc, "read", version));

    const int fd = busy();
    std::uint64_t value = 5;
    add(fd, 1);
    std::printf("written: %zd\n", write_by_name(fd, &value, sizeof value));
    std::printf("read: %zd, ", read_by_name(fd, &value, sizeof value));
    std::printf("%llu\n", static_cast<unsigned long long>(value));
    make_busy(fd);
    for (int i = 0; i < 3; ++i) add(fd, 1);
    std::printf("read: %zd, ", read_by_version(fd, &value, sizeof value));
    std::printf("%llu\n", static_cast<unsigned long long>(value));
    const int other = dup_by_name(fd);
    for (int i = 0; i < 3; ++i) add(other, 1);
    (void)close_by_name(fd);
    tell_take(other);
    const int made = eventfd_by_name(0, EFD_NONBLOCK);
    make_busy(made);
    tell_take(made);
    std::printf("none: %d\n", ::dlsym(libc, "no such name") == nullptr && ::dlerror() != nullptr);
    std::printf("own: %d\n", ::dlsym(RTLD_DEFAULT, "strlen") == ::dlsym(libc, "strlen"));
}

// What a library calls like one of libc's functions: it need not be a function.
void by_handle_of_library() {
    void* const library = ::dlopen("libplain_library.so", RTLD_NOW | RTLD_NOLOAD);
    std::printf("data: %s\n", &as<const char>(::dlsym(library, "tee"))[0]);
    std::printf("function: %g\n", as<double(double)>(::dlsym(library, "unshare"))(42));
    const auto setup = as<decltype(io_setup)>(::dlsym(library, "io_setup"));
    std::printf("given back: %d\n", setup(::program_invocation_name) == ::program_invocation_name);
    tell_take(busy());
}

// What a name means to a library that no other one sees, and behind one that defines a name of libc.
void by_caller() {
    void* const library = ::dlopen("$ORIGIN/plain_opened.so", RTLD_NOW | RTLD_LOCAL);
    const auto finds = as<int(const char*)>(::dlsym(library, "plain_opened_finds"));
    std::printf("itself: %d\n", finds("plain_opened_finds"));
    std::printf("from here: %d\n", ::dlsym(RTLD_DEFAULT, "plain_opened_finds") != nullptr);
    std::printf("behind it: %d\n", finds("plain_names_has"));
    std::printf("null: %d\n", ::open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0);
    tell_take(busy());
}

const std::map<std::string, std::function<void()>> scenes = {
    {"constructor_calls", constructor_calls},
    {"constructor_makes", constructor_makes},
    {"error_kept", error_kept},
    {"without_liburing", without_liburing},
    {"by_library", by_library},
    {"by_name_of_libaio", by_name_of_libaio},
    {"by_handle_of_libc", by_handle_of_libc},
    {"by_handle_of_library", by_handle_of_library},
    {"by_caller", by_caller},
};

} // namespace

int main(int argc, char** argv) {
    const std::string scene = argc > 1 ? argv[1] : "";
    if (scene == "list")
        for (const auto& [name, act] : scenes) std::printf("%s\n", name.c_str());
    else if (const auto found = scenes.find(scene); found != scenes.end())
        found->second();
    else
        return 2;
    return 0;
}
