// SPDX-License-Identifier: MIT
// bindings/python/src/arena_ways.cpp: how a process gets an arena: makes it, opens it by name, attaches to a
// descriptor, receives it. All of these let go of the GIL, as each may wait for another process.
#include "module.hpp"

#include <cstring>
#include <poll.h>

namespace efd_python {
namespace {

constexpr const char* const all_names[] = {"slots",    "processes",     "names",        "mode",
                                           "sparse",   "first_look_ms", "last_look_ms", "sets",
                                           "unsealed", "other_owner",   "trusted_mode"};
constexpr Py_ssize_t option_count = 8;
constexpr Py_ssize_t trust_count = 3;

bool to_options(PyObject* const* values, efd_arena_options* options) {
    bool is_sparse = false;
    if (!to_u32(values[0], &options->slots) || !to_u32(values[1], &options->processes)) return false;
    if (!to_u32(values[2], &options->names) || !to_u32(values[3], &options->mode)) return false;
    if (!to_bool(values[4], &is_sparse) || !to_u32(values[5], &options->first_look_ms)) return false;
    if (!to_u32(values[6], &options->last_look_ms) || !to_u32(values[7], &options->sets)) return false;
    options->sparse = is_sparse;
    return true;
}

bool to_trust(PyObject* const* values, efd_arena_trust* trust) {
    bool is_unsealed = false;
    bool is_other_owner = false;
    if (!to_bool(values[0], &is_unsealed) || !to_bool(values[1], &is_other_owner)) return false;
    trust->unsealed = is_unsealed;
    trust->other_owner = is_other_owner;
    return to_u32(values[2], &trust->mode);
}

// The call's result as an arena_object; name may be nullptr.
template <class Call>
PyObject* arena_of(PyObject* type, PyObject* name, Call call) {
    efd_arena_t* got = nullptr;
    const char* refusal = nullptr;
    const int result = wait_without_gil([&] {
        got = call();
        if (got == nullptr) refusal = efd_arena_refusal(); // of this thread's last call; the text is good for ever
        return got == nullptr ? -1 : 0;
    });
    if (result == raised) return nullptr;
    if (result < 0) return os_error(errno, refusal);
    PyObject* const self = allocate(as<PyTypeObject>(type));
    if (self == nullptr) {
        efd_arena_close(got);
        return nullptr;
    }
    as<arena_object>(self)->arena = got;
    as<arena_object>(self)->name = name == nullptr || name == Py_None ? nullptr : Py_NewRef(name);
    return self;
}

bool missing(PyObject* value, const char* what) {
    if (value == nullptr) PyErr_SetString(PyExc_TypeError, what);
    return value == nullptr;
}

} // namespace

bool to_name(PyObject* given, PyObject** bytes) {
    *bytes = nullptr;
    if (given == nullptr || given == Py_None) return true;
    if (PyUnicode_Check(given) == 0) {
        PyErr_SetString(PyExc_TypeError, "a name is a str");
        return false;
    }
    *bytes = PyUnicode_AsEncodedString(given, "utf-8", "surrogateescape");
    if (*bytes == nullptr) return false;
    if (std::strlen(PyBytes_AsString(*bytes)) == static_cast<std::size_t>(PyBytes_Size(*bytes))) return true;
    Py_CLEAR(*bytes);
    PyErr_SetString(PyExc_ValueError, "a name has no zero in it");
    return false;
}

PyObject* arena_new(PyTypeObject* type, PyObject* arguments, PyObject* keywords) {
    static const char* words[] = {"name",   "slots",         "processes",    "names", "mode",
                                  "sparse", "first_look_ms", "last_look_ms", "sets",  nullptr};
    PyObject* v[9] = {};
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "|O$OOOOOOOO:arena", const_cast<char**>(words), &v[0], &v[1],
                                     &v[2], &v[3], &v[4], &v[5], &v[6], &v[7], &v[8]))
        return nullptr;
    efd_arena_options options{};
    PyObject* name = nullptr;
    if (!to_options(v + 1, &options) || !to_name(v[0], &name)) return nullptr;
    PyObject* const made = arena_of(plain(type), v[0], [&] { return efd_arena_create(text_of(name), &options); });
    Py_XDECREF(name);
    return made;
}

PyObject* arena_open(PyObject* type, PyObject* const* given, Py_ssize_t number, PyObject* keywords) {
    const char* names[1 + trust_count] = {"name"};
    std::memcpy(names + 1, all_names + option_count, sizeof(names[0]) * trust_count);
    PyObject* v[1 + trust_count] = {};
    efd_arena_trust trust{};
    PyObject* name = nullptr;
    if (!parse({"open", names, 1 + trust_count, 1}, given, number, keywords, v)) return nullptr;
    if (missing(v[0], "open() needs a name") || !to_trust(v + 1, &trust) || !to_name(v[0], &name)) return nullptr;
    PyObject* const got = arena_of(type, v[0], [&] { return efd_arena_open(text_of(name), &trust); });
    Py_XDECREF(name);
    return got;
}

PyObject* arena_open_or_create(PyObject* type, PyObject* const* given, Py_ssize_t number, PyObject* keywords) {
    const char* names[1 + option_count + trust_count] = {"name"};
    std::memcpy(names + 1, all_names, sizeof(all_names));
    PyObject* v[1 + option_count + trust_count] = {};
    efd_arena_options options{};
    efd_arena_trust trust{};
    PyObject* name = nullptr;
    if (!parse({"open_or_create", names, 1 + option_count + trust_count, 1}, given, number, keywords, v))
        return nullptr;
    if (missing(v[0], "open_or_create() needs a name") || !to_options(v + 1, &options)) return nullptr;
    if (!to_trust(v + 1 + option_count, &trust) || !to_name(v[0], &name)) return nullptr;
    PyObject* const got =
        arena_of(type, v[0], [&] { return efd_arena_open_or_create(text_of(name), &options, &trust); });
    Py_XDECREF(name);
    return got;
}

PyObject* arena_attach(PyObject* type, PyObject* const* given, Py_ssize_t number, PyObject* keywords) {
    const char* names[2 + trust_count] = {"fd", "offset"};
    std::memcpy(names + 2, all_names + option_count, sizeof(names[0]) * trust_count);
    PyObject* v[2 + trust_count] = {};
    efd_arena_trust trust{};
    std::uint64_t offset = 0;
    int fd = -1;
    if (!parse({"attach", names, 2 + trust_count, 2}, given, number, keywords, v)) return nullptr;
    if (missing(v[0], "attach() needs a descriptor") || !to_descriptor(v[0], &fd)) return nullptr;
    const bool is_placed = v[1] != nullptr && v[1] != Py_None;
    if ((is_placed && !to_u64(v[1], &offset)) || !to_trust(v + 2, &trust)) return nullptr;
    return arena_of(type, nullptr,
                    [&] { return is_placed ? efd_arena_attach_at(fd, offset, &trust) : efd_arena_attach(fd, &trust); });
}

PyObject* arena_place(PyObject* type, PyObject* const* given, Py_ssize_t number, PyObject* keywords) {
    const char* names[2 + option_count + trust_count] = {"fd", "offset"};
    std::memcpy(names + 2, all_names, sizeof(all_names));
    PyObject* v[2 + option_count + trust_count] = {};
    efd_arena_options options{};
    efd_arena_trust trust{};
    std::uint64_t offset = 0;
    int fd = -1;
    if (!parse({"place", names, 2 + option_count + trust_count, 2}, given, number, keywords, v)) return nullptr;
    if (missing(v[0], "place() needs a descriptor") || missing(v[1], "place() needs an offset")) return nullptr;
    if (!to_descriptor(v[0], &fd) || !to_u64(v[1], &offset) || !to_options(v + 2, &options)) return nullptr;
    if (!to_trust(v + 2 + option_count, &trust)) return nullptr;
    return arena_of(type, nullptr, [&] { return efd_arena_place(fd, offset, &options, &trust); });
}

PyObject* arena_receive(PyObject* type, PyObject* const* given, Py_ssize_t number, PyObject* keywords) {
    const char* names[1 + trust_count] = {"socket"};
    std::memcpy(names + 1, all_names + option_count, sizeof(names[0]) * trust_count);
    PyObject* v[1 + trust_count] = {};
    efd_arena_trust trust{};
    int socket = -1;
    if (!parse({"receive", names, 1 + trust_count, 1}, given, number, keywords, v)) return nullptr;
    if (missing(v[0], "receive() needs a unix socket") || !to_descriptor(v[0], &socket)) return nullptr;
    if (!to_trust(v + 1, &trust) || !wait_for_socket(socket, POLLIN)) return nullptr;
    return arena_of(type, nullptr, [&] { return efd_arena_receive(socket, &trust); });
}

} // namespace efd_python
