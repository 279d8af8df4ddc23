/* base/c_api.h: what stands around each declaration of the C headers. */
#ifndef EFD_DETAIL_C_API_H
#define EFD_DETAIL_C_API_H

#ifndef EFD_VISIBILITY /* "hidden" where libefd.a is built, so that a program does not export its copy of efd */
#define EFD_VISIBILITY "default"
#endif
#if defined(__GNUC__)
#define EFD_C_API __attribute__((visibility(EFD_VISIBILITY)))
#else
#define EFD_C_API
#endif

/* No function of the C headers throws. */
#if !defined(__cplusplus)
#define EFD_NOEXCEPT
#elif __cplusplus >= 201103L
#define EFD_NOEXCEPT noexcept
#else
#define EFD_NOEXCEPT throw()
#endif

#define EFD_DETAIL_TEXT_OF(tokens) #tokens
#define EFD_DETAIL_TEXT(macro) EFD_DETAIL_TEXT_OF(macro)

#endif
