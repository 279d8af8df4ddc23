// SPDX-License-Identifier: MIT
// api/wait_set.cpp: the C++ border of sets: where statuses become std::errc, and failures to make or change exceptions.
#include <efd/wait_set.hpp>

#include "watch/set_core.hpp"

namespace efd {
namespace {

void must(base::status end, const char* who) {
    const std::errc error = to_errc(end);
    if (error != std::errc{}) throw std::system_error(std::make_error_code(error), who);
}

core::wait_terms terms(std::int64_t deadline_ns, const std::stop_token* stop) noexcept {
    return {.deadline_ns = deadline_ns, .stop = stop, .sleep = core::patience::always};
}

// Apart from the try before it, which needs no frame.
[[gnu::noinline]] base::status sleep_for_any(watch::set_core& set, set_event& got, std::int64_t deadline_ns,
                                             const std::stop_token* stop) noexcept {
    return set.wait_any(got, terms(deadline_ns, stop));
}

} // namespace

watch::set_core& wait_set::set() const noexcept {
    if (core_ != nullptr) return *core_;
    base::stop_for_moved_from();
}

wait_set::wait_set() : core_(watch::set_core::create()) {
    if (core_ == nullptr) must(base::status::no_memory, "efd::wait_set");
}

wait_set::~wait_set() {
    if (core_ != nullptr) core_->end();
}

int wait_set::add(const eventfd& object, std::uint64_t token) {
    int place = -1;
    must(set().add(*object.native_handle(), token, place), "efd::wait_set::add");
    return place;
}

int wait_set::add(const wait_set& inner, std::uint64_t token) {
    int place = -1;
    must(set().add(inner.set(), token, place), "efd::wait_set::add");
    return place;
}

int wait_set::add(int descriptor, std::uint32_t events, std::uint64_t token) {
    int place = -1;
    must(set().add(descriptor, events, token, place), "efd::wait_set::add");
    return place;
}

std::errc wait_set::remove(int member) noexcept { return to_errc(set().remove(member)); }
std::size_t wait_set::size() const noexcept { return set().members(); }
std::errc wait_set::take(set_event& got) noexcept { return to_errc(core_->try_any(got)); }

std::errc wait_set::any(set_event& got, std::int64_t deadline_ns, const std::stop_token* stop) noexcept {
    const base::status at_once = core_->try_any(got);
    return to_errc(at_once != base::status::would_block ? at_once : sleep_for_any(*core_, got, deadline_ns, stop));
}

std::errc wait_set::ready(std::span<set_event> room, std::size_t& number, std::int64_t deadline_ns,
                          const std::stop_token* stop) noexcept {
    return to_errc(core_->wait_ready(room, number, terms(deadline_ns, stop)));
}

std::errc wait_set::all(std::span<set_event> room, std::int64_t deadline_ns, const std::stop_token* stop) noexcept {
    std::size_t number = 0;
    return to_errc(core_->wait_all(room, number, terms(deadline_ns, stop)));
}

std::errc wait_set::try_all(std::span<set_event> room) noexcept {
    std::size_t number = 0;
    return to_errc(set().wait_all(room, number, {.sleep = core::patience::never}));
}

int wait_set::fd() {
    int descriptor = -1;
    must(set().open_descriptor(descriptor), "efd::wait_set::fd");
    return descriptor;
}

void wait_set::set_linger(linger how) noexcept { set().set_linger(how.us); }

} // namespace efd
