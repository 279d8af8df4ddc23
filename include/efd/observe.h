/* SPDX-License-Identifier: MIT */
/* efd/observe.h: lets other processes see what happens to the objects of this one, for C and C++.
 *
 * An observed process writes into a small file of memory (a memfd that a process of the same user may read) which
 * objects it has, their counts, who sleeps, who signalled last, and how often; `efd ls` and `efd top` show it. An
 * object that is made while the process is observed pays for that at each call; one that was made before is counted
 * where a call leaves the inline path alone. docs/observe.md says what is counted.
 */
#ifndef EFD_OBSERVE_H
#define EFD_OBSERVE_H

/** @file */

#include <efd/detail/base/c_api.h>

#ifdef __cplusplus
extern "C" {
#endif

/** on other than 0: from now on this process, and the children that it forks, are observed; 0: no longer. As with
 * EFD_OBSERVE=1 in the environment, which is read when the library is loaded. 0; or -1 and errno: EMFILE, ENFILE,
 * ENOMEM, ENOSYS, EFBIG (RLIMIT_FSIZE). Any thread; not handler-safe. */
EFD_C_API int efd_observe(int on) EFD_NOEXCEPT;

#ifdef __cplusplus
}
#endif

#endif
