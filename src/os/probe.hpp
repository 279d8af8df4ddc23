// SPDX-License-Identifier: MIT
// os/probe.hpp: static probes of user space that debuggers and tracers find in the library: a nop, and a note beside
// the code.
//
// Owns nothing. Where <sys/sdt.h> was missing at build time, without the option EFD_PROBES, or where a model of memory
// is checked, a probe is no code at all. Nothing of it is in an installed header, and no library is needed at run time.
// docs/observe.md lists the probes.
#pragma once

#if __has_include(<sys/sdt.h>) && !defined(EFD_ATOMIC_MODEL) && !defined(EFD_WITHOUT_PROBES)
#define EFD_HAS_PROBES 1
#include <sys/sdt.h>
#define EFD_PROBE(name, object, id, value) STAP_PROBE3(efd, name, object, id, value)
#else
#define EFD_HAS_PROBES 0
#define EFD_PROBE(name, object, id, value) ((void)sizeof(object), (void)sizeof(id), (void)sizeof(value))
#endif
