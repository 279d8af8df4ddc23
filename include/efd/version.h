/* SPDX-License-Identifier: MIT */
/* efd/version.h: which version of efd these headers are of, and which one the program runs with.
 *
 * Before 1.0 each minor version has an ABI of its own, since the inline halves of the C++ headers change a count's word
 * themselves: the library's name (libefd.so.0.3), the versions of its symbols (EFD_0.3) and the inline namespace of its
 * C++ names (efd::v0_3) carry MAJOR.MINOR; from 1.0 on they carry MAJOR. A program that was built with another one is
 * refused by the linker, or by the loader, before it runs. This file is the one place that says the version.
 */
#ifndef EFD_VERSION_H
#define EFD_VERSION_H

/** @file */

#include <efd/detail/base/c_api.h>

/** @{ */
/** The version of these headers. */
#define EFD_VERSION_MAJOR 0
#define EFD_VERSION_MINOR 3
#define EFD_VERSION_PATCH 0
/** @} */

/** 0.2.3 is 203, and 1.4.12 is 10412. */
#define EFD_VERSION_NUMBER (EFD_VERSION_MAJOR * 10000 + EFD_VERSION_MINOR * 100 + EFD_VERSION_PATCH)
/** "0.2.3". */
#define EFD_VERSION_STRING                                                                                             \
    EFD_DETAIL_TEXT(EFD_VERSION_MAJOR) "." EFD_DETAIL_TEXT(EFD_VERSION_MINOR) "." EFD_DETAIL_TEXT(EFD_VERSION_PATCH)

#ifdef __cplusplus
extern "C" {
#endif

/** EFD_VERSION_NUMBER of the library that the program runs with. Handler-safe. */
EFD_C_API unsigned efd_version(void) EFD_NOEXCEPT;

#ifdef __cplusplus
}
#endif

#endif
