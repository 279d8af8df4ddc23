// base/export.hpp: which names the shared library shows. Everything else is hidden; src/efd.map is the list.
#pragma once

#include <efd/base/cxx20.hpp>

#define EFD_API __attribute__((visibility("default")))
