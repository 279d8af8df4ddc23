// SPDX-License-Identifier: MIT
// tests/support/headers.cpp: what the precompiled headers of the tests are made for; see tests/CMakeLists.txt.
