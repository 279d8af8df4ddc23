// claims/numbered_object.hpp: what the backends share whose objects have a number: kernel and descriptor.
//
// Owns nothing: who derives made the number and closes it. Count, id and semaphore mode come from the text of fdinfo,
// poll from poll(2) of the number, O_NONBLOCK from F_GETFL and F_SETFL. Any thread may call.
#pragma once

#include "claims/claim.hpp"

#include <string>

namespace efd::claims {

class numbered_object : public object {
  public:
    unsigned poll() override;
    std::uint64_t count() final;
    int id() final;
    bool semaphore() final;
    int set_nonblock(bool on) final;
    bool nonblock() final;
    int number() const final { return number_; }

  protected:
    // flags: as it was made, for kernels whose fdinfo does not show the mode.
    numbered_object(int number, int flags) : number_(number), flags_(flags) {}

    // What fdinfo shows; empty if nothing.
    virtual std::string fdinfo() = 0;
    // The errno of a read or write of one value, from its result: zero if it moved eight bytes.
    static int outcome_of(long moved);

  private:
    std::uint64_t from_fdinfo(const std::string& label, int base, std::uint64_t otherwise);

    int number_;
    int flags_;
};

} // namespace efd::claims
