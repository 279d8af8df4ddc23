// SPDX-License-Identifier: MIT
// tests/claims/small_eventfd.cpp: see small_eventfd.hpp.
#include "small_eventfd.hpp"

#include "conformance/framework/task.hpp"

#include <set>
#include <sys/syscall.h>

namespace efd::claims {
namespace {

class small_object final : public object {
  public:
    small_object(std::uint64_t initval, int flags, int id, flaw with, std::set<int>& ids)
        : made_(initval, static_cast<unsigned>(flags), with), id_(id), flaw_(with), ids_(ids) {}
    ~small_object() override {
        if (flaw_ != flaw::id_never_reused) ids_.erase(id_);
    }

    int read(std::uint64_t& value) override { return made_.read(value); }
    int write(std::uint64_t value) override { return made_.write(value); }
    int signal() override { return made_.signal(); }
    unsigned poll() override { return made_.poll(); }
    std::uint64_t count() override { return made_.count(); }
    int id() override { return id_; }
    bool semaphore() override { return made_.semaphore(); }
    int set_nonblock(bool on) override {
        made_.set_nonblock(on);
        return 0;
    }
    bool nonblock() override { return made_.nonblock(); }
    bool has_sleeper(pid_t tid) override {
        const task_state task = look_at_task(tid);
        if (!task.asleep || !task.call_known) return task.asleep;
        return task.call == SYS_futex && task.args[0] == reinterpret_cast<std::uintptr_t>(made_.futex_word());
    }

  private:
    common::breakable_eventfd made_;
    int id_;
    flaw flaw_;
    std::set<int>& ids_;
};

class small final : public backend {
  public:
    explicit small(flaw with) : flaw_(with) {}
    std::string_view name() const override { return "small"; }
    bool offers(needs what) const override { return what == needs::object || what == needs::id; }
    std::unique_ptr<object> make(std::uint64_t initval, int flags, int& error) override {
        error = common::breakable_eventfd::creation_error(initval, static_cast<unsigned>(flags), flaw_);
        if (error != 0 && flaw_ != flaw::id_leaks_on_failure) return nullptr;
        int id = 0;
        while (!ids_.insert(id).second) ++id;
        return error != 0 ? nullptr : std::make_unique<small_object>(initval, flags, id, flaw_, ids_);
    }

  private:
    flaw flaw_;
    std::set<int> ids_;
};

} // namespace

std::unique_ptr<backend> small_backend(flaw with) { return std::make_unique<small>(with); }

} // namespace efd::claims
