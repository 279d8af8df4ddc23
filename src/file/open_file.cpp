// SPDX-License-Identifier: MIT
// file/open_file.cpp: see open_file.hpp.
#include "file/open_file.hpp"

#include <efd/detail/base/check.hpp>

#include "base/stop.hpp"
#include "file/file_operations.hpp"
#include "os/process.hpp"
#include "watch/doorbell.hpp"

#include <new>

namespace efd::file {

// By the one thread that makes the slot's object. What the last one wrote here came before the slot was given back.
open_file* open_file::of(core::context& object) noexcept {
    open_file*& kept = watch::doorbell::file_of(object);
    if (kept == nullptr) kept = new (std::nothrow) open_file;
    return kept;
}

// The step that gives it a reference comes last. A thread that reads the place before that finds a dead file.
void open_file::init(core::context& object) noexcept {
    object_ = &object;
    only_number_.store(no_number, base::relaxed);
    if (signal_.load(base::relaxed) != 0) signal_.store(0, base::relaxed); // of the former file in this place
    home_.store(nowhere, base::relaxed);
    refs_.init();
}

void open_file::add_number(int fd) noexcept {
    EFD_CHECK(fd >= 0);
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
    case core::kref::put_result::last:
        return release(*object_); // from here on the slot, and the file, may be another's
    case core::kref::put_result::too_many: base::stop("an open file was put more often than it was got");
    }
}

} // namespace efd::file
