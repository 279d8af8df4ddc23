// SPDX-License-Identifier: MIT
// base/export.hpp: which names a library shows. libefd.so shows those of src/efd.map.in and hides everything else.
//
// libefd.a is built with EFD_VISIBILITY "hidden": a program that exports its symbols must not lend them to a plugin
// that brings libefd.so, or the objects of one copy come into the tables of the other.
#pragma once

#include <efd/detail/base/cxx20.hpp>

#ifndef EFD_VISIBILITY
#define EFD_VISIBILITY "default"
#endif
#define EFD_API __attribute__((visibility(EFD_VISIBILITY)))

// Of an inline function that must be the caller's own, since it gives something back to the copy that it came from.
#define EFD_LOCAL __attribute__((visibility("hidden")))
