// SPDX-License-Identifier: MIT
// conformance/framework/numbered_object.hpp: shared by the backends whose objects have a number: kernel and descriptor.
//
// Owns the number, which it closes. Reads, writes, flags and the text of fdinfo (count, id, semaphore mode) go through
// the backend's number_calls; poll is poll(2) of the number. Any thread may call.
#pragma once

#include "conformance/framework/claim.hpp"
#include "conformance/framework/number_calls.hpp"

#include <string>

namespace efd::claims {

class numbered_object : public object {
  public:
    ~numbered_object() override { calls_.close(number_); }
    numbered_object& operator=(numbered_object&&) = delete; // neither copied nor moved

    int read(std::uint64_t& value) override { return outcome_of(calls_.read(number_, &value, sizeof value)); }
    int write(std::uint64_t value) override { return outcome_of(calls_.write(number_, &value, sizeof value)); }
    unsigned poll() override;
    std::uint64_t count() final;
    int id() final;
    bool semaphore() final;
    int set_nonblock(bool on) final;
    bool nonblock() final;
    int number() const final { return number_; }

  protected:
    // flags: those of its creation, for kernels whose fdinfo does not show the mode.
    numbered_object(const number_calls& calls, int number, int flags) : calls_(calls), number_(number), flags_(flags) {}

    // The errno of a read or write of one value: zero if it moved eight bytes.
    static int outcome_of(answer found);

  private:
    std::uint64_t from_fdinfo(const std::string& label, int base, std::uint64_t otherwise);

    const number_calls& calls_;
    int number_;
    int flags_;
};

} // namespace efd::claims
