/* SPDX-License-Identifier: MIT */
/* A child made by _Fork goes on with an eventfd that its parent closes; the parent makes many others later.
 *
 * Must happen: what the child writes is read by the child, and what the parent writes by the parent.
 * Once: the drop-in does not know of the child. With the parent's close the eventfd's slot is free; when it is given to
 * the 16383rd eventfd after it, the two share what is cached: the parent reads the child's units.
 */
#include "judge.h"

enum { first_kept = 16000, eventfds = 17000, kept = eventfds - first_kept };

static void wait_for(int pipe_end) {
    char byte;
    if (read(pipe_end, &byte, 1) != 1) _exit(1);
}

static void tell(int pipe_end) {
    if (write(pipe_end, "x", 1) != 1) _exit(1);
}

int main(void) {
    judge_within(120, "a read does not return");
    static int others[kept];
    int to_child[2], to_parent[2], status, wrong = 0;
    struct rlimit descriptors;

    getrlimit(RLIMIT_NOFILE, &descriptors);
    descriptors.rlim_cur = descriptors.rlim_max;
    setrlimit(RLIMIT_NOFILE, &descriptors);
    if (pipe(to_child) != 0 || pipe(to_parent) != 0) not_tried("pipe: %s", strerror(errno));
    int childs = promoted_eventfd(EFD_NONBLOCK);
    pid_t child = _Fork();
    if (child == 0) {
        wait_for(to_child[0]);
        for (int i = 0; i < 3; i++) add(childs, 1);
        tell(to_parent[1]);
        wait_for(to_child[0]);
        _exit(take(childs) == 3 ? 0 : 1);
    }
    close(childs);
    for (int i = 0; i < first_kept; i++) close(eventfd(0, EFD_NONBLOCK));
    for (int i = 0; i < kept; i++) {
        others[i] = promoted_eventfd(EFD_NONBLOCK);
        if (add(others[i], 1) != sizeof(uint64_t)) not_tried("too few descriptors");
    }
    tell(to_child[1]);
    wait_for(to_parent[0]);
    for (int i = 0; i < kept; i++) wrong += take(others[i]) != 1;
    tell(to_child[1]);
    waitpid(child, &status, 0);
    if (wrong > 0 || status != 0)
        fault("%d of the parent's eventfds gave wrong units, the child's %s", wrong, status ? "too" : "did not");
    right("each eventfd gave what was written to it");
}
