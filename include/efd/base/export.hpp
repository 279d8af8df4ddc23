// base/export.hpp: which names the shared library shows. Everything else is hidden; src/efd.map is the list.
#pragma once

#define EFD_API __attribute__((visibility("default")))
