// SPDX-License-Identifier: MIT
// bench/row.hpp: a row of the bench: a name, a unit, its subjects, and the gates it must pass.
//
// The functions below make the rows, each in the file of its topic; bench.cpp runs them. Each round measures every
// subject once, in rotating order, so that a change of the machine's speed meets all of them. A measurement ends by
// construction: it signals no more often than its object has room for, and waits for no thread that waits for it. A
// measurement that gets no processor may take long; apart.hpp ends it.
#pragma once

#include "bench/latencies.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace efd::bench {

// Settings of a run: how long a round of one subject may take, and where.
struct settings {
    bool brief = false;          // --short
    int rounds = 0;              // 0: as the row says
    int patience_s = 60;         // after so many seconds without a result the row is given up
    std::vector<int> cpus = {0}; // two or more if the machine has them
    int threads = 0;             // --cpus: the most threads of rows_scale.cpp; 0: one for each processor
    std::string dropin;          // libefd-dropin.so; empty: its rows are left out
};

struct subject {
    std::string name;
    std::function<double()> measure;
    // In place of `measure`: also adds how long each of some calls took, after those that give the value.
    std::function<double(latencies&)> sample = {};
};

// Rows that differ in one number only: the picture of the series has that number on its axis.
struct series_place {
    std::string series; // "set_one_of"; empty: the row is in none
    std::string by;     // "members"
    double at = 0;
};

// `subject` must be at most `limit` times `of` (a subject, or best_peer), or at most `limit` itself (absolute).
inline constexpr const char* best_peer = "best peer";
inline constexpr const char* absolute = "absolute";
struct gate {
    std::string subject;
    double limit;
    std::string of;
};

struct row {
    std::string name;
    std::string title; // what happens, in a few words
    std::string unit;  // five letters at most
    std::vector<subject> subjects = {};
    std::vector<gate> gates = {};
    std::string note = {};
    std::string loss = {};       // the reason if efd is slower, or misses a gate
    std::string impossible = {}; // why this machine cannot measure it
    std::string sampled = {};    // what each of the latencies is the time of, if subjects take any
    series_place place = {};
    int rounds_brief = 11;
    int rounds_full = 31;
};

// Peers do the same work with a smaller contract.
bool is_peer(const std::string& subject_name);

void add_signal_rows(std::vector<row>& rows, const settings& how);   // rows_signal.cpp
void add_pingpong_rows(std::vector<row>& rows, const settings& how); // rows_pingpong.cpp
void add_life_rows(std::vector<row>& rows, const settings& how);     // rows_life.cpp
void add_herd_rows(std::vector<row>& rows, const settings& how);     // rows_herd.cpp
void add_cancel_rows(std::vector<row>& rows, const settings& how);   // rows_cancel.cpp
void add_linger_rows(std::vector<row>& rows, const settings& how);   // rows_linger.cpp
void add_loop_rows(std::vector<row>& rows, const settings& how);     // rows_loop.cpp
void add_set_rows(std::vector<row>& rows, const settings& how);      // rows_set.cpp
void add_set_two_rows(std::vector<row>& rows, const settings& how);  // rows_set_two.cpp
void add_share_rows(std::vector<row>& rows, const settings& how);    // rows_share.cpp
void add_death_rows(std::vector<row>& rows);                         // rows_death.cpp
void add_arena_rows(std::vector<row>& rows, const settings& how);    // rows_arena.cpp
void add_family_rows(std::vector<row>& rows, const settings& how);   // rows_family.cpp
void add_scale_rows(std::vector<row>& rows, const settings& how);    // rows_scale.cpp
void add_dropin_rows(std::vector<row>& rows, const settings& how);   // rows_dropin.cpp

// One measurement of rows_dropin.cpp, in the measured process.
double measure_probe(const std::string& name);

} // namespace efd::bench
