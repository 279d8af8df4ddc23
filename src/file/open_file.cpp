// file/open_file.cpp: see open_file.hpp.
#include "file/open_file.hpp"

#include "base/stop.hpp"
#include "file/file_operations.hpp"
#include "os/process.hpp"
#include "watch/doorbell.hpp"

#include <mutex>
#include <new>

namespace efd::file {
namespace {

constinit std::mutex popping; // FILE_PLACES

} // namespace

constinit base::atomic<open_file*> open_file::free_places{nullptr};

open_file* open_file::make() noexcept {
    open_file* place = nullptr;
    {
        const std::lock_guard guard(popping);
        place = free_places.load(base::acquire);
        while (place != nullptr &&
               !free_places.compare_exchange_weak(place, place->next_free_, base::acq_rel, base::acquire)) {
        }
    }
    return place != nullptr ? place : new (std::nothrow) open_file;
}

// The step that gives it a reference comes last: who meets the place before that finds a dead file.
void open_file::init(core::context& object) noexcept {
    object_ = &object;
    only_number_.store(no_number, base::relaxed);
    if (signal_.load(base::relaxed) != 0) signal_.store(0, base::relaxed); // of the file that was here before
    home_.store(nowhere, base::relaxed);
    refs_.init();
}

void open_file::free() noexcept {
    next_free_ = free_places.load(base::relaxed);
    while (!free_places.compare_exchange_weak(next_free_, this, base::acq_rel, base::relaxed)) {
    }
}

void open_file::add_number(int fd) noexcept {
    const int before = only_number_.load(base::relaxed);
    only_number_.store(before == no_number ? fd : several, base::relaxed);
}

int open_file::bell() const noexcept { return watch::doorbell::number_of(*object_); }

bool open_file::is_home() const noexcept {
    return home_.load(base::acquire) == os::process_number();
} // FIRST_USE, home

void open_file::come_home() noexcept {
    if (is_home()) return;
    watch::doorbell::come_home(*object_);
    if (watch::doorbell::has_own_number(*object_)) home_.store(os::process_number(), base::release); // FIRST_USE, home
}

bool open_file::is_used() const noexcept { return watch::doorbell::is_used(*object_); }

void open_file::put() noexcept {
    switch (refs_.put()) {
    case core::kref::put_result::others_remain: return;
    case core::kref::put_result::last: release(*object_); return free();
    case core::kref::put_result::too_many: base::stop("an open file was put more often than it was got");
    }
}

void open_file::lock_places() noexcept { popping.lock(); }
void open_file::unlock_places() noexcept { popping.unlock(); }

} // namespace efd::file
