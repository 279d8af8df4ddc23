// efd/libevent.hpp: forwards to where the adapters live.
#pragma once

#include <efd/adapters/libevent.hpp>
