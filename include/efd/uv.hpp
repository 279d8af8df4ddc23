// efd/uv.hpp: forwards to where the adapters live.
#pragma once

#include <efd/adapters/uv.hpp>
