// dropin/interpose/names.cpp: the names by which an eventfd, or all of a process, may reach somebody whom we do not
// see.
//
// Each is looked at and passed on as it came (passed.hpp); looks.hpp says what becomes of the eventfd.
#include "dropin/interpose/looks.hpp"
#include "dropin/interpose/next.hpp"
#include "dropin/interpose/passed.hpp"
#include "dropin/table/table.hpp"

#include <dlfcn.h>
#include <sched.h>
#include <sys/prctl.h>

using namespace efd::dropin;

namespace {

using call = const words&;

template <int... Places>
void look_spliced(call a) noexcept {
    (escape(a.fd(Places), reason::spliced), ...);
}
template <int Place>
void look_open(call a) noexcept {
    before_open(a.as<const char*>(Place));
}
void look_exec(call /*a*/) noexcept { all_executed(); }
// With file actions a child may be given any number.
void look_spawn(call a) noexcept { a.as<const void*>(2) != nullptr ? all_escape(reason::executed) : all_executed(); }
void look_fork(call /*a*/) noexcept { all_are_copied(); }
void look_vfork(call /*a*/) noexcept { numbers_differ_for_a_while(); }
void look_clone(call a) noexcept { before_clone(a.as<unsigned>(2)); }
void look_unshare(call a) noexcept { before_unshare(a.as<unsigned>(0)); }
void look_prctl(call a) noexcept {
    if (a.fd(0) == PR_SET_SECCOMP) before_sandbox();
}
void look_epoll_ctl(call a) noexcept { before_epoll_ctl(a.fd(0), a.fd(1), a.fd(2), a.as<const epoll_event*>(3)); }
void look_sendmsg(call a) noexcept { before_sendmsg(a.as<const msghdr*>(1)); }
void look_sendmmsg(call a) noexcept { before_sendmmsg(a.as<const void*>(1), a.as<unsigned>(2)); }
void look_ioctl(call a) noexcept { before_ioctl(a.fd(0), a.as<unsigned long>(1)); }
void look_fdopen(call a) noexcept { before_fdopen(a.fd(0)); }
void look_aio(call a) noexcept { before_aio(a.as<const void*>(0)); }
void look_lio(call a) noexcept { before_lio_listio(a.as<const void*>(1), a.fd(2)); }
void look_getfd(call /*a*/) noexcept { all_escape(reason::passed); } // it may be this process
void look_close_range(call a) noexcept { before_close_range(a.as<unsigned>(0), a.as<unsigned>(1), a.as<unsigned>(2)); }
void look_closefrom(call a) noexcept { before_close_range(a.fd(0) < 0 ? 0U : a.as<unsigned>(0), ~0U, 0); }
// Its calls find libc's own names, or those of another libc.
void look_dlopen(call a) noexcept {
    if ((a.fd(1) & RTLD_DEEPBIND) != 0) all_escape_for_good(reason::bound_deeply);
}
void look_dlmopen(call a) noexcept {
    if (a.as<Lmid_t>(0) != LM_ID_BASE || (a.fd(2) & RTLD_DEEPBIND) != 0) all_escape_for_good(reason::bound_deeply);
}

} // namespace

EFD_PASSED(epoll_ctl, look_epoll_ctl)
EFD_PASSED(sendmsg, look_sendmsg)
EFD_PASSED(sendmmsg, look_sendmmsg)
EFD_PASSED(ioctl, look_ioctl)
EFD_PASSED(splice, (look_spliced<0, 2>))
EFD_PASSED(copy_file_range, (look_spliced<0, 2>))
EFD_PASSED(tee, (look_spliced<0, 1>))
EFD_PASSED(sendfile, (look_spliced<0, 1>))
EFD_PASSED(sendfile64, (look_spliced<0, 1>))
EFD_PASSED(aio_read, look_aio)
EFD_PASSED(aio_read64, look_aio)
EFD_PASSED(aio_write, look_aio)
EFD_PASSED(aio_write64, look_aio)
EFD_PASSED(lio_listio, look_lio)
EFD_PASSED(lio_listio64, look_lio)
EFD_PASSED(pidfd_getfd, look_getfd)
EFD_PASSED_ALWAYS(fdopen, look_fdopen)
EFD_PASSED_ALWAYS(_IO_fdopen, look_fdopen)
EFD_PASSED_ALWAYS(close_range, look_close_range)
EFD_PASSED_ALWAYS(closefrom, look_closefrom)

EFD_PASSED(open, look_open<0>)
EFD_PASSED(open64, look_open<0>)
EFD_PASSED(openat, look_open<1>)
EFD_PASSED(openat64, look_open<1>)
EFD_PASSED(__open_2, look_open<0>)
EFD_PASSED(__open64_2, look_open<0>)
EFD_PASSED(__openat_2, look_open<1>)
EFD_PASSED(__openat64_2, look_open<1>)
EFD_PASSED(fopen, look_open<0>)
EFD_PASSED(fopen64, look_open<0>)
EFD_PASSED(freopen, look_open<0>)
EFD_PASSED(freopen64, look_open<0>)

EFD_PASSED(execve, look_exec)
EFD_PASSED(execv, look_exec)
EFD_PASSED(execvp, look_exec)
EFD_PASSED(execvpe, look_exec)
EFD_PASSED(execl, look_exec)
EFD_PASSED(execlp, look_exec)
EFD_PASSED(execle, look_exec)
EFD_PASSED(fexecve, look_exec)
EFD_PASSED(execveat, look_exec)
EFD_PASSED(posix_spawn, look_spawn)
EFD_PASSED(posix_spawnp, look_spawn)
EFD_PASSED(system, look_exec)
EFD_PASSED(popen, look_exec)
EFD_PASSED_ALWAYS(_Fork, look_fork) // fork tells us by itself (start.cpp)
EFD_PASSED_ALWAYS(vfork, look_vfork)
EFD_PASSED_ALWAYS(clone, look_clone)
EFD_PASSED_ALWAYS(unshare, look_unshare)
EFD_PASSED_ALWAYS(prctl, look_prctl)
EFD_PASSED_ALWAYS(dlopen, look_dlopen)
EFD_PASSED_ALWAYS(dlmopen, look_dlmopen)

// For debuggers and for programs that know of us: afterwards fdinfo, to whomever looks, shows every count.
EFD_INTERPOSE void efd_dropin_show_counts(void) { show_counts(); }
