// SPDX-License-Identifier: MIT
// tests/claims/claims_test.cpp: one test for each claim and backend: Claims/kernel.K_031, and so for library,
// descriptor and two_processes.
//
// Owns nothing but the list of tests, made from the list of claims before main runs them. A claim that this machine
// cannot bring about is skipped with the reason; one that differs fails with what differed.
#include "conformance/framework/claim.hpp"

#include <algorithm>
#include <gtest/gtest.h>

namespace {

using namespace efd::claims;

class claim_holds : public testing::Test {
  public:
    claim_holds(const claim& which, backend& on) : which_(which), on_(on) {}

    void TestBody() override {
        const outcome found = run_isolated(which_, on_);
        switch (found.result) {
        case verdict::holds: break;
        case verdict::differs: FAIL() << which_.id << " (" << which_.title << "): " << found.detail; break;
        case verdict::not_provoked: GTEST_SKIP() << "not provoked here: " << found.detail; break;
        case verdict::not_applicable: FAIL() << "asked of a backend that does not offer it"; break;
        }
    }

  private:
    const claim& which_;
    backend& on_;
};

void register_claims(backend& on) {
    std::string suite = "Claims/" + std::string(on.name());
    std::replace(suite.begin(), suite.end(), ' ', '_');
    for (const claim& which : all_claims()) {
        if (!on.offers(which.wants)) continue;
        std::string name(which.id);
        std::replace(name.begin(), name.end(), '-', '_');
        testing::RegisterTest(suite.c_str(), name.c_str(), nullptr, nullptr, __FILE__, __LINE__,
                              [&which, &on]() -> testing::Test* { return new claim_holds(which, on); });
    }
}

} // namespace

int main(int argc, char** argv) {
    testing::InitGoogleTest(&argc, argv);
    const auto kernel = kernel_backend();
    const auto library = library_backend();
    const auto descriptor = descriptor_backend();
    const auto shared = shared_backend();
    const auto shared_descriptor = shared_descriptor_backend();
    const auto two_processes = two_processes_backend();
    register_claims(*kernel);
    register_claims(*library);
    register_claims(*descriptor);
    register_claims(*shared);
    register_claims(*shared_descriptor);
    register_claims(*two_processes);
    return RUN_ALL_TESTS();
}
