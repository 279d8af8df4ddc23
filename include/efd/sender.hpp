// efd/sender.hpp: forwards to where the adapters live.
#pragma once

#include <efd/adapters/sender.hpp>
