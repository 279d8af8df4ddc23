// efd/coroutine.hpp: forwards to where the adapters live.
#pragma once

#include <efd/adapters/coroutine.hpp>
