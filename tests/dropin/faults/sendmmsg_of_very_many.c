/* SPDX-License-Identifier: MIT */
/* sendmmsg with a count of UINT_MAX; the kernel looks at 1024 at most, and at none for a number that is not open. Must
 * happen: EBADF. */
#include "judge.h"
#include <sys/socket.h>
int main(void) {
    judge_within(10, "sendmmsg does not return");
    (void)promoted_eventfd(EFD_NONBLOCK);
    struct mmsghdr* none = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (sendmmsg(999, none, ~0U, 0) != -1 || errno != EBADF) fault("%s", strerror(errno));
    right("EBADF");
}
