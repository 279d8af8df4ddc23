// efd/asio.hpp: forwards to where the adapters live.
// Without a guard, since a file may include it once for Asio and once for Boost.Asio.

#include <efd/adapters/asio.hpp>
