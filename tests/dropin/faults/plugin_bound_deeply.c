/* SPDX-License-Identifier: MIT */
/* A plugin is loaded with RTLD_DEEPBIND, as some hosts of plugins do; the program writes, the plugin polls and reads.
 *
 * Must happen: with each read the plugin takes all that was written before it.
 * Once: the plugin's read is libc's own and takes the kernel's part, one unit; the rest stays cached, and no later
 * write shows the eventfd readable again: from the second round on the plugin takes nothing.
 */
#include "judge.h"
#include <dlfcn.h>

enum { rounds = 4 };

int main(int count, char** arguments) {
    judge_within(120, "a call does not return");
    char path[4096];
    (void)count;
    snprintf(path, sizeof path, "%s.plugin.so", arguments[0]); /* lies beside this program */
    void* plugin = dlopen(path, RTLD_NOW | RTLD_DEEPBIND);
    if (plugin == NULL) not_tried("%s", dlerror());
    long (*plugin_take)(int);
    *(void**)&plugin_take = dlsym(plugin, "plugin_take");

    int fd = promoted_eventfd(0);
    for (int round = 0; round < rounds; round++) {
        for (int i = 0; i < 3; i++) add(fd, 1);
        long units = plugin_take(fd);
        if (units != 3) fault("3 units were written, the plugin took %ld; round %d", units, round);
    }
    right("the plugin took all units in %d rounds", rounds);
}
