// SPDX-License-Identifier: MIT
// conformance/framework/claim.cpp: the list of claims, and what a trial notes. See claim.hpp.
//
// The registrations fill the list before main; it is sorted at first use. One thread uses it.
#include "conformance/framework/claim.hpp"
#include "common/libc.hpp"
#include "conformance/framework/task.hpp"
#include "conformance/framework/trial_end.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <poll.h>

namespace efd::claims {
namespace {

struct list_of_claims {
    std::deque<std::string> ids; // the claims' ids point here
    std::vector<claim> claims;
    bool sorted = false;
};

list_of_claims& the_list() {
    static list_of_claims list;
    return list;
}

std::string error_name(int error) {
    if (error == 0) return "success";
    const char* const name = common::error_name(error);
    return name != nullptr ? name : "errno " + std::to_string(error);
}

} // namespace

registration::registration(std::string_view name, std::string_view title, needs wants, void (*run)(trial&)) {
    list_of_claims& list = the_list();
    std::string& id = list.ids.emplace_back(name);
    std::replace(id.begin(), id.end(), '_', '-');
    list.claims.push_back({id, title, wants, run});
    list.sorted = false;
}

const std::vector<claim>& all_claims() {
    list_of_claims& list = the_list();
    if (!list.sorted) {
        std::sort(list.claims.begin(), list.claims.end(), [](const claim& a, const claim& b) { return a.id < b.id; });
        list.sorted = true;
    }
    return list.claims;
}

int object::read_some(std::uint64_t& value, std::uint64_t most) {
    if (const int error = read(value); error != 0) return error;
    std::uint64_t one = 0;
    while (value < most && (poll() & POLLIN) != 0 && read(one) == 0) value += one;
    return 0;
}

long object::sleeps_of(pid_t tid) { return voluntary_switches(tid); }

std::unique_ptr<object> trial::make(std::uint64_t initval, int flags) {
    int error = 0;
    auto made = backend_.make(initval, flags | flags_, error);
    if (made == nullptr) abandon("an object could not be made: " + error_name(error));
    return made;
}

void trial::expect(bool as_claimed, std::string_view what) {
    if (as_claimed) return;
    if (!differences_.empty()) differences_ += "; ";
    differences_ += what;
}

void trial::expect_error(int found, int claimed, std::string_view what) {
    if (found != claimed) differs(what, error_name(found), error_name(claimed));
}

void trial::differs(std::string_view what, const std::string& found, const std::string& claimed) {
    expect(false, std::string(what) + ": found " + found + ", claimed " + claimed);
}

void trial::abandon(std::string_view what) {
    expect(false, what);
    if (end_process_with) end_process_with(result());
    throw trial_end{verdict::differs, {}};
}

void trial::not_here(std::string_view why) { throw trial_end{verdict::not_provoked, std::string(why)}; }

outcome trial::result() const { return {differences_.empty() ? verdict::holds : verdict::differs, differences_}; }

} // namespace efd::claims
