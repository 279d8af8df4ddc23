// SPDX-License-Identifier: MIT
// survivor.hpp: the process that lives on: it makes the world of each victim, and looks at what a victim has left.
#pragma once

#include "crash/scene.hpp"

#include <chrono>
#include <string>
#include <sys/types.h>

namespace efd::crash {

using clock = std::chrono::steady_clock;

// Another process, asleep in a read of the world's object.
class sleeper {
  public:
    explicit sleeper(world& all);
    sleeper& operator=(sleeper&&) = delete; // neither copied nor moved
    ~sleeper();
    // It reads the object of that id, or waits for it in a set of its own, and is asleep when this returns. False: it
    // does not come to that.
    bool go_to_sleep(std::uint64_t id, beside how);
    // What it has read; false: nothing until then.
    bool answer(std::uint64_t& value, std::chrono::milliseconds within);

  private:
    pid_t pid_ = -1;
    int orders_[2] = {-1, -1};
    int answers_[2] = {-1, -1};
};

class survivor {
  public:
    survivor();
    survivor& operator=(survivor&&) = delete; // neither copied nor moved
    ~survivor();
    world& everything() { return all_; }
    // Before each victim; and what gives a victim that sleeps its units.
    bool begin(const scene& what, beside whom);
    void give();
    void renew_sleeper() { sleeper_.emplace(all_); }
    // After it was killed. Empty: all is as it should be.
    std::string look(const scene& what, beside whom);
    // Descriptors and mappings of this process.
    static std::string belongings();

    [[nodiscard]] double worst_ms() const { return worst_ms_; } // of a sleeper beside a unit

  private:
    std::string look_at_units(const scene& what, beside whom);
    std::string look_at_death();
    std::string look_at_names();
    std::string look_at_slots();
    std::string look_at_processes();
    std::string look_at_sets();
    std::string look_at_new_name();

    world all_;
    std::optional<sleeper> sleeper_;
    std::string directory_; // of names of arenas
    int given_ = 0;
    double worst_ms_ = 0;
};

} // namespace efd::crash
