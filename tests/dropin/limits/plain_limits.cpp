// SPDX-License-Identifier: MIT
// tests/dropin/limits/plain_limits.cpp: a program that knows of no efd and meets a limit of the drop-in, for
// limits_test.py.
//
//   plain_limits SCENE    prints what its calls returned; ends with 0, or with 2 if the scene cannot be tried here
//
// After five_units() the kernel holds one unit, and four are cached beside it where the program runs under `efd run`.
#include "dropin/plain_parts.hpp"

#include <cstddef>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <fstream>
#include <functional>
#include <liburing.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <string>
#include <string_view>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <ucontext.h>

extern char** environ;

namespace {

constexpr std::size_t page = 4096;

[[noreturn]] void cannot_be_tried() { ::_exit(2); }

// As programs make one that go past libc.
long inline_call(long number, long a = 0, long b = 0, long c = 0) {
#if defined(__x86_64__)
    long result = number;
    register long fourth asm("r10") = 0;
    register long fifth asm("r8") = 0;
    asm volatile("syscall" : "+a"(result) : "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth) : "rcx", "r11", "memory");
    return result;
#elif defined(__aarch64__)
    register long which asm("x8") = number;
    register long first asm("x0") = a;
    register long second asm("x1") = b;
    register long third asm("x2") = c;
    register long fourth asm("x3") = 0;
    register long fifth asm("x4") = 0;
    asm volatile("svc 0" : "+r"(first) : "r"(which), "r"(second), "r"(third), "r"(fourth), "r"(fifth) : "memory");
    return first;
#else
    (void)number, (void)a, (void)b, (void)c;
    cannot_be_tried();
#endif
}

void put(int fd, std::uint64_t n) {
    if (::write(fd, &n, sizeof n) != 8) std::abort();
}

// Read and written until every profile caches its units.
void put_five(int fd) {
    for (int round = 0; round < 12; ++round) {
        for (int i = 0; i < 8; ++i) put(fd, 1);
        while (take(fd) > 0) continue;
    }
    for (int i = 0; i < 5; ++i) put(fd, 1);
}
int five_units(int flags = EFD_NONBLOCK) {
    const int fd = ::eventfd(0, flags);
    if (fd < 0) std::abort();
    put_five(fd);
    return fd;
}

void* memory(std::size_t pages) {
    void* const at = ::mmap(nullptr, pages * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) std::abort();
    return at;
}

// Another process, which begins before there is an eventfd, is given a number, and says what it found.
class asker {
  public:
    explicit asker(const std::function<long long(int)>& ask) {
        if (::pipe(to_) != 0 || ::pipe(from_) != 0) std::abort();
        child_ = ::fork();
        if (child_ != 0) return;
        for (int fd = -1; ::read(to_[0], &fd, sizeof fd) == sizeof fd;) {
            const long long found = ask(fd);
            if (::write(from_[1], &found, sizeof found) != sizeof found) break;
        }
        ::_exit(0);
    }
    ~asker() {
        ::close(to_[1]);
        (void)::kill(child_, SIGKILL);
        (void)::waitpid(child_, nullptr, 0);
    }
    asker& operator=(asker&&) = delete; // neither copied nor moved

    long long operator()(int fd) {
        long long found = -1;
        if (::write(to_[1], &fd, sizeof fd) != sizeof fd) std::abort();
        if (::read(from_[0], &found, sizeof found) != sizeof found) std::abort();
        return found;
    }

  private:
    int to_[2] = {};
    int from_[2] = {};
    pid_t child_ = -1;
};

// What fdinfo shows, read from its beginning.
long long shown(int fdinfo) {
    char text[512] = {};
    if (::pread(fdinfo, text, sizeof text - 1, 0) <= 0) return -1;
    const char* const at = std::strstr(text, "eventfd-count:");
    return at == nullptr ? -1 : std::strtoll(at + std::strlen("eventfd-count:"), nullptr, 16);
}

void read_by_inline_call() {
    const int fd = five_units();
    std::uint64_t value = 0;
    (void)inline_call(SYS_read, fd, reinterpret_cast<long>(&value), 8);
    std::printf("%lld, then %lld\n", static_cast<long long>(value), take(fd));
}

void child_by_inline_call() {
    const int fd = five_units();
    const long child = inline_call(SYS_clone, SIGCHLD);
    if (child == 0) ::_exit(static_cast<int>(take(fd)));
    int status = -1;
    (void)::waitpid(static_cast<pid_t>(child), &status, 0);
    std::printf("%d, then %lld\n", WEXITSTATUS(status), take(fd));
}

void taken_by_another_process() {
    const pid_t owner = ::getpid();
    asker other([owner](int fd) -> long long {
        const auto process = static_cast<int>(::syscall(SYS_pidfd_open, owner, 0));
        const auto own = static_cast<int>(::syscall(SYS_pidfd_getfd, process, fd, 0));
        return own < 0 ? -1 : take(own);
    });
    (void)::prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
    const int fd = five_units();
    const long long taken = other(fd);
    if (taken < 0) cannot_be_tried();
    std::printf("%lld, then %lld\n", taken, take(fd));
}

void closed_by_inline_call() {
    const int fd = five_units();
    (void)inline_call(SYS_close, fd);
    const int file = ::memfd_create("limit", 0); // has the number now
    put(file, 1);
    struct stat found{};
    (void)::fstat(file, &found);
    std::printf("%s number, %lld bytes\n", file == fd ? "the same" : "another", static_cast<long long>(found.st_size));
}

void value_in_an_unmapped_page() {
    const int fd = five_units();
    void* const at = memory(1);
    *static_cast<std::uint64_t*>(at) = 1;
    for (int i = 0; i < 80; ++i)
        if (::write(fd, at, 8) != 8 || take(fd) < 1) std::abort();
    put(fd, 1);
    (void)::munmap(at, page);
    const ssize_t written = ::write(fd, at, 8);
    std::printf("%zd %d\n", written, errno);
}

void semaphore_into_an_unmapped_page() {
    const int fd = five_units(EFD_NONBLOCK | EFD_SEMAPHORE);
    for (int i = 0; i < 3; ++i) put(fd, 5);
    void* const at = memory(1);
    for (int i = 0; i < 3; ++i)
        if (::read(fd, at, 8) != 8) std::abort();
    (void)::munmap(at, page);
    const ssize_t got = ::read(fd, at, 8);
    std::printf("%zd %d\n", got, errno);
}

// At the very beginning of a stack, where the next address is no memory.
void value_above_the_stack() {
    static int fd = five_units();
    static char* const stack = static_cast<char*>(memory(17));
    static ucontext_t back;
    (void)::mprotect(stack + 16 * page, page, PROT_NONE);
    ucontext_t context{};
    (void)::getcontext(&context);
    context.uc_stack.ss_sp = stack;
    context.uc_stack.ss_size = 16 * page;
    context.uc_link = &back;
    ::makecontext(
        &context,
        +[] {
            const ssize_t written = ::write(fd, stack + 16 * page, 8);
            std::printf("%zd %d\n", written, errno);
        },
        0);
    (void)::swapcontext(&back, &context);
}

// Opened before the eventfd is worth anything: later the drop-in would see it.
void fdinfo_kept_open() {
    const int fd = ::eventfd(0, EFD_NONBLOCK);
    const std::string path = "/proc/self/fdinfo/" + std::to_string(fd);
    const int kept = ::open(path.c_str(), O_RDONLY);
    put_five(fd);
    const long long before = shown(kept);
    ::close(::open(path.c_str(), O_RDONLY));
    std::printf("%lld, then %lld\n", before, shown(kept));
}

void fdinfo_of_another_process() {
    const std::string folder = "/proc/" + std::to_string(::getpid()) + "/fdinfo/";
    asker other([&folder](int fd) {
        const int fdinfo = ::open((folder + std::to_string(fd)).c_str(), O_RDONLY);
        const long long found = shown(fdinfo);
        ::close(fdinfo);
        return found;
    });
    const int fd = five_units();
    const long long before = other(fd);
    ::close(::open((folder + std::to_string(fd)).c_str(), O_RDONLY));
    std::printf("%lld, then %lld\n", before, other(fd));
}

// The object that a name leads to, when it is looked up.
void tell_object(const char* name, void* found) {
    Dl_info its{};
    if (found == nullptr || ::dladdr(found, &its) == 0) cannot_be_tried();
    const char* const slash = std::strrchr(its.dli_fname, '/');
    std::printf("%s: %s\n", name, slash == nullptr ? its.dli_fname : slash + 1);
}
void looked_up() {
    void* const libc = ::dlopen("libc.so.6", RTLD_LAZY);
    tell_object("read", ::dlsym(libc, "read"));
#if defined(__x86_64__)
    constexpr const char* version = "GLIBC_2.2.5";
#else
    constexpr const char* version = "GLIBC_2.17";
#endif
    tell_object("read of a version", ::dlvsym(RTLD_DEFAULT, "read", version));
    void* const liburing = ::dlopen("liburing.so.2", RTLD_LAZY);
    if (liburing != nullptr) tell_object("io_uring_submit", ::dlsym(liburing, "io_uring_submit"));
}

template <class Function>
Function* of_liburing(const char* name) {
    void* const liburing = ::dlopen("liburing.so.2", RTLD_LAZY);
    auto* const found = liburing == nullptr ? nullptr : reinterpret_cast<Function*>(::dlsym(liburing, name));
    if (found == nullptr) cannot_be_tried();
    return found;
}

// A ring made and entered by functions of liburing that were looked up in it.
void ring_looked_up() {
    auto* const init = of_liburing<decltype(::io_uring_queue_init)>("io_uring_queue_init");
    auto* const submit = of_liburing<decltype(::io_uring_submit_and_wait)>("io_uring_submit_and_wait");
    const int fd = five_units();
    io_uring ring{};
    if (init(4, &ring, 0) != 0) cannot_be_tried();
    std::uint64_t value = 0;
    io_uring_sqe* const asked = ::io_uring_get_sqe(&ring);
    if (asked == nullptr) std::abort();
    ::io_uring_prep_read(asked, fd, &value, sizeof value, 0);
    if (submit(&ring, 1) != 1) std::abort();
    std::printf("%lld, then %lld\n", static_cast<long long>(value), take(fd));
}

void beside_a_seen_ring() {
    io_uring ring{};
    if (of_liburing<decltype(::io_uring_queue_init)>("io_uring_queue_init")(4, &ring, 0) != 0) cannot_be_tried();
    read_by_inline_call();
}

// The second ring is made past libc: nothing is promoted.
void beside_an_unseen_ring() {
    io_uring_params wanted{};
    io_uring unseen{};
    const auto made = static_cast<int>(inline_call(SYS_io_uring_setup, 4, reinterpret_cast<long>(&wanted)));
    if (made < 0) cannot_be_tried();
    if (of_liburing<decltype(::io_uring_queue_mmap)>("io_uring_queue_mmap")(made, &wanted, &unseen) != 0) std::abort();
    beside_a_seen_ring();
}

// Then /proc/self/maps is empty.
void unseen_ring_without_main() {
    static const pthread_t first = ::pthread_self();
    std::thread([] {
        if (::pthread_join(first, nullptr) != 0) std::abort();
        for (std::string state; state != "Z";) std::ifstream("/proc/self/stat") >> state >> state >> state;
        beside_an_unseen_ring();
        std::exit(0);
    }).detach();
    ::pthread_exit(nullptr);
}

void number_zero() {
    ::close(0);
    const int fd = five_units();
    std::printf("number %d: %lld\n", fd, take(fd));
}

void only_five() { std::printf("%lld\n", take(five_units())); }

void duplicated() {
    const int fd = five_units();
    std::printf("%lld\n", take(::dup(fd)));
}
// The last of them comes from memory that the kernel has not read before.
void from_far_away() {
    const int fd = five_units();
    void* const at = memory(1);
    *static_cast<std::uint64_t*>(at) = 1;
    if (take(fd) != 5 || ::write(fd, at, 8) != 8) std::abort();
    std::printf("%lld\n", take(fd));
}
void into_far_away() {
    const int fd = five_units(EFD_NONBLOCK | EFD_SEMAPHORE);
    void* const at = memory(1);
    const ssize_t got = ::read(fd, at, 8);
    std::printf("%zd\n", got);
}

// Starts a scene with a filter that ends a process for this call, or for the call with this word at this place.
void filter(long number, std::string scene, int place = -1, std::uint32_t word = 0) {
    const auto at = static_cast<std::uint32_t>(offsetof(seccomp_data, args) + sizeof(std::uint64_t) * unsigned(place));
    sock_filter code[] = {{BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)},
                          {BPF_JMP | BPF_JEQ | BPF_K, 0, 3, static_cast<std::uint32_t>(number)},
                          {BPF_LD | BPF_W | BPF_ABS, 0, 0, place < 0 ? 0U : at},
                          {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, place < 0 ? static_cast<std::uint32_t>(number) : word},
                          {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_KILL_PROCESS},
                          {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW}};
    const sock_fprog program{sizeof code / sizeof *code, code};
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
        cannot_be_tried();
    char name[] = "plain_limits";
    char* const words[] = {name, scene.data(), nullptr};
    (void)::execve("/proc/self/exe", words, environ);
}
static_assert(offsetof(seccomp_data, nr) == 0);
void without_preadv2() { filter(SYS_preadv2, "only_five"); }
void without_madvise() { filter(SYS_madvise, "only_five"); }
void without_prlimit64() { filter(SYS_prlimit64, "duplicated", 1, RLIMIT_NOFILE); } // others every program makes
void without_process_vm_readv() { filter(SYS_process_vm_readv, "from_far_away"); }
void without_process_vm_writev() { filter(SYS_process_vm_writev, "into_far_away"); }

struct scene {
    std::string_view name;
    void (*run)();
};
constexpr scene scenes[] = {{"read_by_inline_call", read_by_inline_call},
                            {"child_by_inline_call", child_by_inline_call},
                            {"taken_by_another_process", taken_by_another_process},
                            {"closed_by_inline_call", closed_by_inline_call},
                            {"value_in_an_unmapped_page", value_in_an_unmapped_page},
                            {"semaphore_into_an_unmapped_page", semaphore_into_an_unmapped_page},
                            {"value_above_the_stack", value_above_the_stack},
                            {"fdinfo_kept_open", fdinfo_kept_open},
                            {"fdinfo_of_another_process", fdinfo_of_another_process},
                            {"looked_up", looked_up},
                            {"number_zero", number_zero},
                            {"only_five", only_five},
                            {"duplicated", duplicated},
                            {"from_far_away", from_far_away},
                            {"into_far_away", into_far_away},
                            {"ring_looked_up", ring_looked_up},
                            {"beside_a_seen_ring", beside_a_seen_ring},
                            {"beside_an_unseen_ring", beside_an_unseen_ring},
                            {"unseen_ring_without_main", unseen_ring_without_main},
                            {"without_preadv2", without_preadv2},
                            {"without_madvise", without_madvise},
                            {"without_prlimit64", without_prlimit64},
                            {"without_process_vm_readv", without_process_vm_readv},
                            {"without_process_vm_writev", without_process_vm_writev}};

} // namespace

int main(int count, char** words) {
    for (const scene& one : scenes) {
        if (count != 2 || one.name != words[1]) continue;
        one.run();
        (void)std::fflush(stdout);
        return 0;
    }
    return 3;
}
