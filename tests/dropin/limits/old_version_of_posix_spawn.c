/* SPDX-License-Identifier: MIT */
/* A program that was linked before glibc 2.15 calls posix_spawn@GLIBC_2.2.5, which gives a script without #! to the
 * shell. Must happen: the script runs. Under the drop-in it gets the newer version: ENOEXEC. */
#include "dropin/faults/judge.h"
#include <spawn.h>
extern char** environ;
int old_spawn(pid_t*, const char*, const posix_spawn_file_actions_t*, const posix_spawnattr_t*, char* const*,
              char* const*);
__asm__(".symver old_spawn, posix_spawn@GLIBC_2.2.5");
int main(void) {
    judge_within(10, "hangs");
    char path[] = "/tmp/old_spawn.XXXXXX", *arguments[] = {path, NULL};
    int file = mkstemp(path), status;
    pid_t child;
    if (write(file, "exit 7\n", 7) != 7 || fchmod(file, 0755)) not_tried("file");
    close(file);
    int error = old_spawn(&child, path, NULL, NULL, arguments, environ);
    if (error == 0) waitpid(child, &status, 0);
    unlink(path);
    if (error) fault("posix_spawn: %s", strerror(error));
    if (WEXITSTATUS(status) != 7) fault("status %d", WEXITSTATUS(status));
    right("the script ran");
}
