/* SPDX-License-Identifier: MIT */
/* wordexp runs a command (by libc's own posix_spawn) that reads the inherited eventfd. Must happen: it gets all units.
 */
#include "judge.h"
#include <wordexp.h>
int main(void) {
    judge_within(10, "hangs");
    char text[128];
    wordexp_t words;
    int fd = promoted_eventfd(EFD_NONBLOCK);
    if (fd > 9) {
        int d = fd;
        for (int i = 3; i < 10; i++)
            if (fcntl(i, F_GETFD) < 0) {
                d = i;
                break;
            }
        not_tried("number %d", d);
    }
    for (int i = 0; i < 5; i++) add(fd, 1);
    snprintf(text, sizeof text, "$(dd bs=8 count=1 <&%d 2>/dev/null | od -An -tu8)", fd);
    if (wordexp(text, &words, 0) || words.we_wordc < 1) not_tried("wordexp");
    if (atoi(words.we_wordv[0]) != 5) fault("the command read %s of 5", words.we_wordv[0]);
    right("5");
}
