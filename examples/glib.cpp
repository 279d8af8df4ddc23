// SPDX-License-Identifier: MIT
// examples/glib.cpp: a GLib main loop that counts what a worker thread finishes.
//
// Promises: each unit is counted once, in the loop's thread; workers never wait for the loop.
#include <efd/adapters/glib.hpp>

#include <cstdio>
#include <thread>

struct progress {
    GMainLoop* loop = g_main_loop_new(nullptr, FALSE);
    std::uint64_t sum = 0;
};

gboolean count(std::uint64_t value, gpointer data) {
    auto& counted = *static_cast<progress*>(data);
    counted.sum += value;
    if (counted.sum < 1000) return G_SOURCE_CONTINUE;
    g_main_loop_quit(counted.loop);
    return G_SOURCE_REMOVE;
}

int main() {
    efd::eventfd finished;
    progress counted;
    GSource* const source = efd::glib_source_new(finished);
    efd::glib_source_set_callback(source, &count, &counted);
    g_source_attach(source, nullptr);
    g_source_unref(source); // the context has its own reference
    std::jthread worker([&finished] {
        for (int item = 0; item < 1000; ++item) finished.signal();
    });
    g_main_loop_run(counted.loop);
    g_main_loop_unref(counted.loop);
    std::printf("%d finished, told to GLib\n", static_cast<int>(counted.sum));
    return counted.sum == 1000 ? 0 : 1;
}
