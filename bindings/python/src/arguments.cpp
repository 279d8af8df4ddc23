// SPDX-License-Identifier: MIT
// bindings/python/src/arguments.cpp: from Python's values to efd's, and errors. Called with the GIL.
#include "module.hpp"

#include <cmath>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <limits>
#include <poll.h>

namespace efd_python {

PyObject* os_error(int error, const char* text) {
    PyObject* const exception = PyObject_CallFunction(PyExc_OSError, "is", error, text);
    if (exception != nullptr) {
        PyErr_SetObject(plain(Py_TYPE(exception)), exception);
        Py_DECREF(exception);
    }
    return nullptr;
}

PyObject* os_error(int error) { return os_error(error, std::strerror(error)); }

namespace {

Py_ssize_t place_of(const signature& wanted, PyObject* keyword) {
    for (Py_ssize_t i = 0; i < wanted.count; ++i)
        if (PyUnicode_CompareWithASCIIString(keyword, wanted.names[i]) == 0) return i;
    return -1;
}

bool is_given(PyObject* value) { return value != nullptr && value != Py_None; }

} // namespace

bool parse(const signature& wanted, PyObject* const* given, Py_ssize_t number, PyObject* keywords, PyObject** values) {
    if (number > wanted.positional) {
        PyErr_Format(PyExc_TypeError, "%s() takes at most %zd positional arguments (%zd given)", wanted.function,
                     wanted.positional, number);
        return false;
    }
    for (Py_ssize_t i = 0; i < wanted.count; ++i) values[i] = i < number ? given[i] : nullptr;
    const Py_ssize_t named = keywords == nullptr ? 0 : PyTuple_Size(keywords);
    for (Py_ssize_t i = 0; i < named; ++i) {
        PyObject* const keyword = PyTuple_GetItem(keywords, i);
        const Py_ssize_t place = place_of(wanted, keyword);
        if (place < 0) {
            PyErr_Format(PyExc_TypeError, "%s() has no argument %R", wanted.function, keyword);
            return false;
        }
        if (values[place] != nullptr) {
            PyErr_Format(PyExc_TypeError, "%s() got two values for argument %R", wanted.function, keyword);
            return false;
        }
        values[place] = given[number + i];
    }
    return true;
}

bool to_u64(PyObject* given, std::uint64_t* value) {
    if (given == nullptr) return true;
    PyObject* const whole = PyNumber_Index(given); // 2.0 is no count
    if (whole == nullptr) return false;
    const unsigned long long converted = PyLong_AsUnsignedLongLong(whole);
    Py_DECREF(whole);
    if (converted == std::numeric_limits<unsigned long long>::max() && PyErr_Occurred() != nullptr) return false;
    *value = converted;
    return true;
}

bool to_u32(PyObject* given, std::uint32_t* value) {
    std::uint64_t wide = *value;
    if (!to_u64(given, &wide)) return false;
    if (wide > std::numeric_limits<std::uint32_t>::max()) {
        PyErr_SetString(PyExc_OverflowError, "the number does not fit into 32 bits");
        return false;
    }
    *value = static_cast<std::uint32_t>(wide);
    return true;
}

bool to_int(PyObject* given, int* value) {
    if (given == nullptr) return true;
    PyObject* const whole = PyNumber_Index(given);
    if (whole == nullptr) return false;
    const long converted = PyLong_AsLong(whole);
    Py_DECREF(whole);
    if (converted == -1 && PyErr_Occurred() != nullptr) return false;
    if (converted < std::numeric_limits<int>::min() || converted > std::numeric_limits<int>::max()) {
        PyErr_SetString(PyExc_OverflowError, "the number does not fit into an int");
        return false;
    }
    *value = static_cast<int>(converted);
    return true;
}

bool to_bool(PyObject* given, bool* value) {
    if (given == nullptr) return true;
    const int is_true = PyObject_IsTrue(given);
    if (is_true < 0) return false;
    *value = is_true != 0;
    return true;
}

bool to_deadline(PyObject* given, std::uint64_t* deadline_ns) {
    if (!is_given(given)) return true;
    const double seconds = PyFloat_AsDouble(given);
    if (seconds == -1.0 && PyErr_Occurred() != nullptr) return false;
    if (std::isnan(seconds) || seconds < 0) {
        PyErr_SetString(PyExc_ValueError, "timeout is a number of seconds, 0 or more, or None for no end");
        return false;
    }
    if (seconds > 9e9) { // some 285 years
        *deadline_ns = EFD_FOREVER;
        return true;
    }
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    const std::uint64_t now_ns =
        static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec);
    *deadline_ns = seconds == 0 ? 0 : now_ns + static_cast<std::uint64_t>(std::ceil(seconds * 1e9));
    return true;
}

bool to_flags(PyObject* flags, PyObject* semaphore, PyObject* nonblock, int* value) {
    bool is_semaphore = false;
    bool is_nonblock = false;
    if (!to_int(flags, value) || !to_bool(semaphore, &is_semaphore) || !to_bool(nonblock, &is_nonblock)) return false;
    *value |= (is_semaphore ? EFD_SEMAPHORE : 0) | (is_nonblock ? EFD_NONBLOCK : 0);
    return true;
}

bool to_wait_options(module_state* state, PyObject* const values[3], efd_wait_options* options, bool* given) {
    bool owner_death = false;
    if (!to_deadline(values[0], &options->deadline_ns) || !to_bool(values[2], &owner_death)) return false;
    if (is_given(values[1])) {
        if (Py_TYPE(values[1]) != state->cancel) {
            PyErr_SetString(PyExc_TypeError, "cancel is an efd.cancel_token, or None");
            return false;
        }
        options->cancel = as<cancel_object>(values[1])->cancel;
    }
    options->owner_death = owner_death;
    *given = is_given(values[0]) || is_given(values[1]);
    return true;
}

bool to_descriptor(PyObject* given, int* value) {
    *value = PyObject_AsFileDescriptor(given);
    return *value >= 0;
}

bool wait_for_socket(int socket, short events) {
    const int flags = ::fcntl(socket, F_GETFL);
    if (flags < 0 || (flags & O_NONBLOCK) != 0) return true; // the call itself says what is wrong
    pollfd looked_at{socket, events, 0};
    return wait_without_gil([&] { return ::poll(&looked_at, 1, -1); }) != raised;
}

PyObject* allocate(PyTypeObject* type) {
    if (type == nullptr) { // an object that outlives the module, at interpreter exit
        PyErr_SetString(PyExc_RuntimeError, "the module efd is gone already");
        return nullptr;
    }
    const auto make = reinterpret_cast<allocfunc>(PyType_GetSlot(type, Py_tp_alloc));
    return make(type, 0);
}

void release(PyObject* self) {
    PyTypeObject* const type = Py_TYPE(self);
    reinterpret_cast<freefunc>(PyType_GetSlot(type, Py_tp_free))(self);
    Py_DECREF(type);
}

} // namespace efd_python
