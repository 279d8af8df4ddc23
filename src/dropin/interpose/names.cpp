// SPDX-License-Identifier: MIT
// dropin/interpose/names.cpp: the names of the calls that may give an eventfd, or all of a process, to an unseen party.
//
// A rule of triggers.hpp inspects each call and demotes; then the call goes on unchanged (passed.hpp).
#include "dropin/interpose/next.hpp"
#include "dropin/interpose/triggers.hpp"

using namespace efd::dropin;

EFD_PASSED(epoll_ctl, look_epoll_ctl)
EFD_PASSED(sendmsg, look_sendmsg)
EFD_PASSED(sendmmsg, look_sendmmsg)
EFD_PASSED(ioctl, look_ioctl)
EFD_PASSED(aio_read, look_aio)
EFD_PASSED(aio_read64, look_aio)
EFD_PASSED(aio_write, look_aio)
EFD_PASSED(aio_write64, look_aio)
EFD_PASSED(lio_listio, look_lio_listio)
EFD_PASSED(lio_listio64, look_lio_listio)
EFD_PASSED(pidfd_getfd, look_pidfd_getfd)
EFD_PASSED_ALWAYS(fdopen, look_fdopen)
EFD_PASSED_ALWAYS(_IO_fdopen, look_fdopen)
EFD_PASSED_ALWAYS(close_range, look_close_range)
EFD_PASSED_ALWAYS(closefrom, look_closefrom)

EFD_PASSED_ALWAYS(dup2, look_dup2)
EFD_PASSED_ALWAYS(dup3, look_dup2)
EFD_PASSED_ALWAYS(preadv2, look_other_read)
EFD_PASSED_ALWAYS(preadv64v2, look_other_read)
EFD_PASSED_ALWAYS(pwritev2, look_other_write)
EFD_PASSED_ALWAYS(pwritev64v2, look_other_write)
EFD_PASSED_ALWAYS(__read, look_other_read)
EFD_PASSED_ALWAYS(__write, look_other_write)
EFD_PASSED_ALWAYS(__close, look_close)
EFD_PASSED_ALWAYS(__dup2, look_dup2)
EFD_PASSED_ALWAYS(__fcntl, look_fcntl)

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
EFD_PASSED(posix_spawn, look_exec)
EFD_PASSED(posix_spawnp, look_exec)
EFD_PASSED(system, look_exec)
EFD_PASSED(popen, look_exec)
EFD_PASSED_ALWAYS(_Fork, look_fork) // fork runs a handler instead (start.cpp)
EFD_PASSED_ALWAYS(vfork, look_vfork)
EFD_PASSED_ALWAYS(clone, look_clone<2>)
EFD_PASSED_ALWAYS(unshare, look_unshare)
EFD_PASSED_ALWAYS(prctl, look_prctl)
EFD_PASSED_ALWAYS(dlopen, look_dlopen)
EFD_PASSED_ALWAYS(dlmopen, look_dlmopen)

// For debuggers, and for programs that know the drop-in. Afterwards fdinfo shows every count, to any process.
EFD_INTERPOSE void efd_dropin_show_counts(void) { show_counts(); }
