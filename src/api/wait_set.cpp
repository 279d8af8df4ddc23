// SPDX-License-Identifier: MIT
// api/wait_set.cpp: the C++ border of sets. Statuses become std::errc; failures to make or change a set become
// exceptions.
#include <efd/wait_set.hpp>

#include "api/internal_access.hpp"
#include "watch/set_core.hpp"

namespace efd {
namespace {

using base::to_errc;

void must(base::status result, const char* call) {
    const std::errc error = to_errc(result);
    if (error != std::errc{}) throw std::system_error(std::make_error_code(error), call);
}

watch::set_core& core_of(const wait_set& set) noexcept { return internal_access::core_of(set); }
watch::set_core& core_of(detail::set_front& front) noexcept { return static_cast<watch::set_core&>(front); }

// Out of line: the try before it needs no frame.
[[gnu::noinline]] base::status sleep_for_any(watch::set_core& set, set_event& got,
                                             const core::wait_opts& opts) noexcept {
    return set.wait_any(got, opts);
}

} // namespace

wait_set::wait_set() : front_(watch::set_core::create()) {
    if (front_ == nullptr) must(base::status::no_memory, "efd::wait_set");
}

wait_set::~wait_set() {
    if (front_ != nullptr) core_of(*front_).end();
}

int wait_set::add(const eventfd& object, std::uint64_t token) const {
    int place = -1;
    must(core_of(*this).add(internal_access::object_of(object), token, place), "efd::wait_set::add");
    return place;
}

int wait_set::add(const wait_set& inner, std::uint64_t token) const {
    int place = -1;
    must(core_of(*this).add(core_of(inner), token, place), "efd::wait_set::add");
    return place;
}

int wait_set::add(int descriptor, std::uint32_t events, std::uint64_t token) const {
    int place = -1;
    must(core_of(*this).add(descriptor, events, token, place), "efd::wait_set::add");
    return place;
}

std::errc wait_set::remove(int member) const noexcept { return to_errc(core_of(*this).remove(member)); }
std::size_t wait_set::size() const noexcept { return core_of(*this).members(); }
std::errc wait_set::take(set_event& got) const noexcept { return to_errc(core_of(*this).try_any(got)); }

std::errc wait_set::any(set_event& got, const core::wait_opts& opts) const noexcept {
    watch::set_core& set = core_of(*this);
    const base::status at_once = set.try_any(got);
    return to_errc(at_once != base::status::would_block ? at_once : sleep_for_any(set, got, opts));
}

std::errc wait_set::ready(std::span<set_event> room, std::size_t& number, const core::wait_opts& opts) const noexcept {
    return to_errc(core_of(*this).wait_ready(room, number, opts));
}

std::errc wait_set::all_of(std::span<set_event> room, std::size_t& number, const core::wait_opts& opts) const noexcept {
    return to_errc(core_of(*this).wait_all(room, number, opts));
}

int wait_set::fd() const {
    int descriptor = -1;
    must(core_of(*this).open_descriptor(descriptor), "efd::wait_set::fd");
    return descriptor;
}

void wait_set::linger_for(std::int32_t us) const noexcept { core_of(*this).set_linger(us); }

} // namespace efd
