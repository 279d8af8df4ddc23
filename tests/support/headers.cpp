// SPDX-License-Identifier: MIT
// tests/support/headers.cpp: the source from which the tests' precompiled headers are made; see tests/CMakeLists.txt.
