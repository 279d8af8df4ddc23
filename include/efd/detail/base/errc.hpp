// SPDX-License-Identifier: MIT
// base/errc.hpp: the std::errc of a status; the one place of the C++ border.
#pragma once

#include <efd/detail/base/status.hpp>

#include <cerrno>
#include <system_error>

namespace efd::EFD_ABI::base {

[[nodiscard]] constexpr std::errc to_errc(status s) noexcept {
    switch (s) {
    case status::ok: return std::errc{};
    case status::would_block: return std::errc::resource_unavailable_try_again;
    case status::invalid: return std::errc::invalid_argument;
    case status::interrupted: return std::errc::interrupted;
    case status::timed_out: return std::errc::timed_out;
    case status::cancelled: return std::errc::operation_canceled;
    case status::deadlock: return std::errc::resource_deadlock_would_occur;
    case status::no_memory: return std::errc::not_enough_memory;
    case status::no_descriptor: return std::errc::too_many_files_open;
    case status::table_full: return std::errc::too_many_files_open_in_system;
    case status::bad_descriptor: return std::errc::bad_file_descriptor;
    case status::exists: return std::errc::file_exists;
    case status::not_watchable: return std::errc::operation_not_permitted;
    case status::not_supported: return std::errc::operation_not_supported;
    case status::too_deep: return std::errc::too_many_symbolic_link_levels;
    case status::damaged: return std::errc::io_error;
    case status::stale:                        // std::errc has no name for it
        return static_cast<std::errc>(ESTALE); // NOLINT(clang-analyzer-optin.core.EnumCastOutOfRange)
    case status::owner_dead: return std::errc::owner_dead;
    case status::no_space: return std::errc::no_space_on_device;
    case status::not_found: return std::errc::no_such_file_or_directory;
    case status::fault: return std::errc::bad_address;
    }
    return std::errc::invalid_argument;
}

} // namespace efd::EFD_ABI::base
