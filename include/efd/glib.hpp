// efd/glib.hpp: forwards to where the adapters live.
#pragma once

#include <efd/adapters/glib.hpp>
