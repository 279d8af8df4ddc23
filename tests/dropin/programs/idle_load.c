/* SPDX-License-Identifier: MIT */
// tests/dropin/programs/idle_load.c: a thread gives N idle calls to GLib's main loop; knows nothing of efd.
#include <dirent.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>

static long wanted;
static long called;
static GMainLoop* loop;

static gboolean one(gpointer data) {
    (void)data;
    if (++called == wanted) g_main_loop_quit(loop);
    return G_SOURCE_REMOVE;
}

static gpointer give(gpointer data) {
    for (long i = 0; i < wanted; ++i) g_idle_add_full(G_PRIORITY_DEFAULT, one, NULL, NULL);
    return data;
}

static int descriptors(void) {
    int number = 0;
    DIR* all = opendir("/proc/self/fd");
    while (readdir(all) != NULL) ++number;
    closedir(all);
    return number;
}

int main(int argc, char** argv) {
    wanted = argc > 1 ? atol(argv[1]) : 20000;
    loop = g_main_loop_new(NULL, FALSE);
    GThread* giver = g_thread_new("giver", give, NULL);
    g_main_loop_run(loop);
    g_thread_join(giver);
    g_main_loop_unref(loop);
    printf("%ld called, %d descriptors\n", called, descriptors());
    return called == wanted ? 0 : 1;
}
