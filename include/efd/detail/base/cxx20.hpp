// base/cxx20.hpp: what a compiler says that is not asked for C++20, before anything else. Every header of efd includes
// it, or another one that does, first. g++ 10 says 201709L with -std=c++20.
#pragma once

#if __cplusplus < 201709L
#error "efd needs C++20: compile with -std=c++20 (g++ 10 or clang 11, or later)"
#endif
