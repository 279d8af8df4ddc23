// efd/io_uring.hpp: forwards to where the adapters live.
#pragma once

#include <efd/adapters/io_uring.hpp>
