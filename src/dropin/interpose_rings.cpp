// dropin/interpose_rings.cpp: the calls that programs make of liburing and libaio, which make their system calls
// themselves.
//
// Each tells rings.hpp, and forwards. The libraries may come late, and privately to who opened them: what is found is
// kept, and so is its library; with the first ring all is found, so that later calls wait for no lock of the loader.
#include "dropin/interpose.hpp"
#include "dropin/rings.hpp"

#include <cerrno>
#include <sys/types.h>
#include <type_traits>

struct io_uring_cqe;
struct io_uring_params;

using namespace efd::dropin;

namespace {

using ring = io_uring*;
using timeout = void*; // struct __kernel_timespec
using signals = void*; // sigset_t

using word = long;
using six_words = word(word, word, word, word, word, word);

template <class Function>
class kept;

// A function that may be another library's by the time it is needed. Nobody has it where a program asks whether the
// name is there at all, and takes ours for an answer: then the call is refused.
template <class Result, class... Parameters>
class kept<Result(Parameters...)> {
  public:
    explicit constexpr kept(const char* name) noexcept : name_(name) {}

    // `caller` wants it now.
    Result operator()(const void* caller, Parameters... parameters) {
        look(caller);
        if (auto* const found = found_.load(efd::base::relaxed); found != nullptr) return found(parameters...);
        if constexpr (!std::is_void_v<Result>) return -ENOSYS;
    }
    void look(const void* caller) noexcept {
        if (found_.load(efd::base::relaxed) == nullptr)
            found_.store(reinterpret_cast<Result (*)(Parameters...)>(find_to_keep(name_, caller)), efd::base::relaxed);
    }

  private:
    const char* name_;
    efd::base::atomic<Result (*)(Parameters...)> found_{nullptr};
};

constinit kept<int(unsigned, ring, unsigned)> queue_init("io_uring_queue_init");
constinit kept<int(unsigned, ring, io_uring_params*)> queue_init_params("io_uring_queue_init_params");
constinit kept<int(unsigned, ring, io_uring_params*, void*, std::size_t)> queue_init_mem("io_uring_queue_init_mem");
constinit kept<int(unsigned, ring, io_uring_params*)> try_nosqarr("io_uring_queue_init_try_nosqarr");
constinit kept<void(ring)> queue_exit("io_uring_queue_exit");
constinit kept<int(ring)> submit("io_uring_submit");
constinit kept<int(ring)> submit_get_events("io_uring_submit_and_get_events");
constinit kept<int(ring, unsigned)> submit_wait("io_uring_submit_and_wait");
constinit kept<int(ring, io_uring_cqe**, unsigned, timeout, signals)>
    submit_wait_timeout("io_uring_submit_and_wait_timeout");
constinit kept<int(ring, io_uring_cqe**, unsigned, timeout, unsigned, signals)>
    submit_wait_min_timeout("io_uring_submit_and_wait_min_timeout");
constinit kept<int(ring, io_uring_cqe**, unsigned, timeout, signals)> wait_cqes("io_uring_wait_cqes");
constinit kept<int(ring, io_uring_cqe**, timeout)> wait_cqe_timeout("io_uring_wait_cqe_timeout");
constinit kept<int(ring, const int*, unsigned)> register_files("io_uring_register_files");
constinit kept<int(ring, const int*, const void*, unsigned)> register_files_tags("io_uring_register_files_tags");
constinit kept<int(ring, unsigned, const int*, unsigned)> files_update("io_uring_register_files_update");
constinit kept<int(ring, unsigned, const int*, const void*, unsigned)>
    files_update_tag("io_uring_register_files_update_tag");
constinit kept<int(unsigned, io_uring_params*)> ring_setup("io_uring_setup");
constinit kept<six_words> aio_setup("io_setup");
constinit kept<six_words> aio_queue_init("io_queue_init");
constinit kept<six_words> aio_submit("io_submit");

void before_first_call(const void* caller) noexcept {
    before_ring(ring_kind::seen);
    const auto look = [caller](auto&... all) { (all.look(caller), ...); };
    look(queue_exit, submit, submit_get_events, submit_wait, submit_wait_timeout, submit_wait_min_timeout, wait_cqes,
         wait_cqe_timeout, register_files, register_files_tags, files_update, files_update_tag);
}

void before_first_context(const void* caller) noexcept {
    before_ring(ring_kind::seen);
    aio_submit.look(caller);
}

int after(int result, const io_uring* made) noexcept {
    if (result >= 0) after_ring(made);
    return result;
}

} // namespace

#define CALLER __builtin_return_address(0)

EFD_INTERPOSE int io_uring_queue_init(unsigned entries, ring made, unsigned flags) {
    before_first_call(CALLER);
    return after(queue_init(CALLER, entries, made, flags), made);
}

EFD_INTERPOSE int io_uring_queue_init_params(unsigned entries, ring made, io_uring_params* wanted) {
    before_first_call(CALLER);
    return after(queue_init_params(CALLER, entries, made, wanted), made);
}

EFD_INTERPOSE int io_uring_queue_init_mem(unsigned entries, ring made, io_uring_params* wanted, void* memory,
                                          std::size_t length) {
    before_first_call(CALLER);
    return after(queue_init_mem(CALLER, entries, made, wanted, memory, length), made);
}

EFD_INTERPOSE int io_uring_queue_init_try_nosqarr(unsigned entries, ring made, io_uring_params* wanted) {
    before_first_call(CALLER);
    return after(try_nosqarr(CALLER, entries, made, wanted), made);
}

EFD_INTERPOSE void io_uring_queue_exit(ring given_up) {
    before_ring_exit(given_up);
    queue_exit(CALLER, given_up);
}

EFD_INTERPOSE int io_uring_submit(ring asked) {
    before_submit(asked);
    return submit(CALLER, asked);
}

EFD_INTERPOSE int io_uring_submit_and_get_events(ring asked) {
    before_submit(asked);
    return submit_get_events(CALLER, asked);
}

EFD_INTERPOSE int io_uring_submit_and_wait(ring asked, unsigned number) {
    before_submit(asked);
    return submit_wait(CALLER, asked, number);
}

EFD_INTERPOSE int io_uring_submit_and_wait_timeout(ring asked, io_uring_cqe** first, unsigned number, timeout until,
                                                   signals mask) {
    before_submit(asked);
    return submit_wait_timeout(CALLER, asked, first, number, until, mask);
}

EFD_INTERPOSE int io_uring_submit_and_wait_min_timeout(ring asked, io_uring_cqe** first, unsigned number, timeout until,
                                                       unsigned least_us, signals mask) {
    before_submit(asked);
    return submit_wait_min_timeout(CALLER, asked, first, number, until, least_us, mask);
}

// Where the kernel knows no timeout these make a request of it, and submit.
EFD_INTERPOSE int io_uring_wait_cqes(ring asked, io_uring_cqe** first, unsigned number, timeout until, signals mask) {
    before_submit(asked);
    return wait_cqes(CALLER, asked, first, number, until, mask);
}

EFD_INTERPOSE int io_uring_wait_cqe_timeout(ring asked, io_uring_cqe** first, timeout until) {
    before_submit(asked);
    return wait_cqe_timeout(CALLER, asked, first, until);
}

EFD_INTERPOSE int io_uring_register_files(ring of, const int* files, unsigned number) {
    before_ring_files(files, number);
    return register_files(CALLER, of, files, number);
}

EFD_INTERPOSE int io_uring_register_files_tags(ring of, const int* files, const void* tags, unsigned number) {
    before_ring_files(files, number);
    return register_files_tags(CALLER, of, files, tags, number);
}

EFD_INTERPOSE int io_uring_register_files_update(ring of, unsigned at, const int* files, unsigned number) {
    before_ring_files(files, number);
    return files_update(CALLER, of, at, files, number);
}

EFD_INTERPOSE int io_uring_register_files_update_tag(ring of, unsigned at, const int* files, const void* tags,
                                                     unsigned number) {
    before_ring_files(files, number);
    return files_update_tag(CALLER, of, at, files, tags, number);
}

// Who uses this maps the ring himself.
EFD_INTERPOSE int io_uring_setup(unsigned entries, io_uring_params* wanted) {
    before_ring(ring_kind::unseen);
    return ring_setup(CALLER, entries, wanted);
}

// Of libaio, or a library's own with the name of one of them: it is given, and gives, what is in the registers.
EFD_INTERPOSE word io_setup(word most, word context, word c, word d, word e, word f) {
    before_first_context(CALLER);
    return aio_setup(CALLER, most, context, c, d, e, f);
}

EFD_INTERPOSE word io_queue_init(word most, word context, word c, word d, word e, word f) {
    before_first_context(CALLER);
    return aio_queue_init(CALLER, most, context, c, d, e, f);
}

EFD_INTERPOSE word io_submit(word context, word number, word requests, word d, word e, word f) {
    before_io_submit(number, reinterpret_cast<iocb* const*>(requests)); // NOLINT(performance-no-int-to-ptr)
    return aio_submit(CALLER, context, number, requests, d, e, f);
}
