/* SPDX-License-Identifier: MIT */
/* A program that tells its starter by SIGUSR1 that it is ready, as sd_notify's elders do: kill(getppid(), SIGUSR1).
 * The arguments are the command to start it by: none, or `efd run --report ... --`.
 *
 * Must happen: the starter gets the signal, and the program's exit status.
 * Once: with --report the parent is `efd run`, which gets the signal and is ended by it; the program goes on alone.
 */
#include "judge.h"

static volatile sig_atomic_t is_told;

static void on_ready(int signal_number) {
    (void)signal_number;
    is_told = 1;
}

int main(int count, char** arguments) {
    judge_within(120, "the program does not end");
    char *command[32] = {NULL}, *shell[] = {"sh", "-c", "kill -USR1 $PPID; sleep 0.2; exit 5", NULL};
    int length = 0, status;

    for (int i = 1; i < count && length < 24; i++) command[length++] = arguments[i];
    for (int i = 0; shell[i] != NULL; i++) command[length++] = shell[i];
    struct sigaction ready = {.sa_handler = on_ready, .sa_flags = SA_RESTART};
    sigaction(SIGUSR1, &ready, NULL);
    pid_t program = fork();
    if (program == 0) {
        execvp(command[0], command);
        _exit(127);
    }
    waitpid(program, &status, 0);
    if (WIFSIGNALED(status)) fault("what was started was ended by signal %d", WTERMSIG(status));
    if (!is_told) fault("the starter was not told");
    if (WEXITSTATUS(status) != 5) fault("the exit status is %d, not 5", WEXITSTATUS(status));
    right("the starter was told");
}
