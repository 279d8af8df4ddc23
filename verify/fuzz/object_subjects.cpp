// SPDX-License-Identifier: MIT
// verify/fuzz/object_subjects.cpp: the two faces of the library, and the breakable eventfd, as subjects.
//
// Owns the handles and one observer for each object. An observer notes that it was called; it reports what poll says
// when it is asked, as with an edge-triggered epoll. Threads as in subject.hpp.
#include "fuzz/broken_subject.hpp"

#include "common/library_eventfd.hpp"

namespace efd::fuzz {
namespace {

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

template <class Object>
class object_table : public subject {
  public:
    explicit object_table(std::string_view name) : name_(name) {}
    std::string_view name() const override { return name_; }

    int create(unsigned handle, std::uint64_t initval, unsigned flags) override {
        try {
            handles_.at(handle) = std::make_shared<Object>(initval, flags);
        } catch (const std::system_error& error) {
            return error.code().value();
        }
        return 0;
    }
    void duplicate(unsigned from, unsigned to) override { handles_.at(to) = std::make_shared<Object>(at(from)); }
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
    int signal(unsigned handle, bool deferred) override { return at(handle).signal(deferred); }
    void set_nonblock(unsigned handle, bool on) override { at(handle).set_nonblock(on); }
    bool nonblock(unsigned handle) override { return at(handle).nonblock(); }
    unsigned poll(unsigned handle) override { return at(handle).poll(); }
    std::uint64_t count(unsigned handle) override { return at(handle).count(); }
    unsigned watch(unsigned handle, unsigned object, unsigned mask) override {
        return at(handle).watch(observers_.at(object), mask);
    }
    void unwatch(unsigned handle, unsigned object) override { at(handle).unwatch(observers_.at(object)); }
    unsigned event(unsigned handle, unsigned object) override { return at(handle).event(observers_.at(object)); }
    answer unwatch_and_read(unsigned handle, unsigned object) override {
        answer got;
        got.error = at(handle).unwatch_and_read(observers_.at(object), got.value);
        if (got.error != 0) got.value = 0;
        return got;
    }

  protected:
    Object& at(unsigned handle) { return *handles_.at(handle); }

    std::string_view name_;
    std::array<std::shared_ptr<Object>, most_handles> handles_;
    std::array<typename Object::observer, most_objects> observers_{};
};

class broken_table final : public object_table<common::breakable_eventfd> {
  public:
    broken_table(flaw with, bool sleeps) : object_table(name_of(with)), flaw_(with), sleeps_(sleeps) {}
    int create(unsigned handle, std::uint64_t initval, unsigned flags) override {
        const int error = common::breakable_eventfd::creation_error(initval, flags, flaw_);
        if (error == 0)
            handles_.at(handle) = std::make_shared<common::breakable_eventfd>(initval, flags, flaw_, sleeps_);
        return error;
    }
    void duplicate(unsigned from, unsigned to) override {
        if (flaw_ == flaw::duplicate_copies) return object_table::duplicate(from, to);
        handles_.at(to) = handles_.at(from);
    }

  private:
    flaw flaw_;
    bool sleeps_;
};

} // namespace

subjects all_subjects(bool with_aio) {
    subjects all;
    all.push_back(kernel_subject(with_aio));
    all.push_back(std::make_unique<object_table<common::cpp_eventfd>>("efd (C++)"));
    all.push_back(std::make_unique<object_table<common::c_eventfd>>("efd (C)"));
    return all;
}
std::unique_ptr<subject> broken_subject(flaw with, bool sleeps) { return std::make_unique<broken_table>(with, sleeps); }

} // namespace efd::fuzz
