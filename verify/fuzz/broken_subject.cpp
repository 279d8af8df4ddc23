// SPDX-License-Identifier: MIT
// verify/fuzz/broken_subject.cpp: see broken_subject.hpp.
#include "fuzz/broken_subject.hpp"

namespace efd::fuzz {
namespace {

using common::breakable_eventfd;
using common::waits;

constexpr std::chrono::steady_clock::time_point past{};

waits waits_of(manner how) {
    switch (how) {
    case manner::as_flagged: return {};
    case manner::never: return {.when = waits::kind::never};
    case manner::expired: return {.when = waits::kind::always, .deadline = &past};
    case manner::patient: return {.when = waits::kind::always};
    }
    return {};
}

class broken_table final : public subject {
  public:
    broken_table(flaw with, bool sleeps) : flaw_(with), sleeps_(sleeps) {}
    std::string_view name() const override { return name_of(flaw_); }

    int create(unsigned handle, std::uint64_t initval, unsigned flags) override {
        const int error = breakable_eventfd::creation_error(initval, flags, flaw_);
        if (error == 0) handles_.at(handle) = std::make_shared<breakable_eventfd>(initval, flags, flaw_, sleeps_);
        return error;
    }
    void duplicate(unsigned from, unsigned to) override {
        handles_.at(to) =
            flaw_ == flaw::duplicate_copies ? std::make_shared<breakable_eventfd>(at(from)) : handles_.at(from);
    }
    void close(unsigned handle) override { handles_.at(handle).reset(); }
    answer read(unsigned handle, manner how) override {
        answer got;
        got.error = at(handle).read(got.value, waits_of(how));
        return got;
    }
    answer read_some(unsigned handle, std::uint64_t most) override {
        answer got;
        got.error = at(handle).read_some(got.value, most);
        return got;
    }
    int write(unsigned handle, std::uint64_t value, manner how) override {
        return at(handle).write(value, waits_of(how));
    }
    int signal(unsigned handle, bool /*deferred*/) override {
        at(handle).signal();
        return 0;
    }
    void set_nonblock(unsigned handle, bool on) override { at(handle).set_nonblock(on); }
    bool nonblock(unsigned handle) override { return at(handle).nonblock(); }
    unsigned poll(unsigned handle) override { return at(handle).poll(); }
    std::uint64_t count(unsigned handle) override { return at(handle).count(); }
    unsigned watch(unsigned handle, unsigned object, unsigned mask) override {
        at(handle).watch(mask);
        return event(handle, object);
    }
    void unwatch(unsigned handle, unsigned /*object*/) override { at(handle).watch(0); }
    unsigned event(unsigned handle, unsigned /*object*/) override { return at(handle).event(); }
    answer unwatch_and_read(unsigned handle, unsigned object) override {
        unwatch(handle, object);
        const answer got = read(handle, manner::never);
        (void)event(handle, object);
        return got;
    }

  private:
    breakable_eventfd& at(unsigned handle) { return *handles_.at(handle); }

    flaw flaw_;
    bool sleeps_;
    std::array<std::shared_ptr<breakable_eventfd>, most_handles> handles_;
};

} // namespace

std::unique_ptr<subject> broken_subject(flaw with, bool sleeps) { return std::make_unique<broken_table>(with, sleeps); }

} // namespace efd::fuzz
