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
void open_file::init(core::context& object, int bell) noexcept {
    object_ = &object;
    bell_ = bell;
    only_number_.store(no_number, base::relaxed);
    if (signal_.load(base::relaxed) != 0) signal_.store(0, base::relaxed); // of the file that was here before
    home_.store(os::process_number(), base::relaxed);
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

void open_file::come_home() noexcept {
    const std::uint32_t here = os::process_number();
    if (home_.load(base::relaxed) == here) [[likely]]
        return;
    watch::doorbell::come_home(*object_);
    home_.store(here, base::relaxed);
}

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
