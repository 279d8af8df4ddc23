// SPDX-License-Identifier: MIT
// bindings/python/src/module.hpp: what the sources of the Python extension efd._efd share: its four types, the state of
// one import, arguments, errors, and the one way to wait.
//
// The limited C API of Python 3.10, so that one file serves that version and all later ones. Calls that cannot sleep
// keep the GIL; all others go through wait_without_gil(). An object's fields are changed under the GIL alone. A thread
// may end where it takes the GIL back (interpreter exit), as if by an exception, so that no function here is noexcept.
#ifndef EFD_PYTHON_MODULE_HPP
#define EFD_PYTHON_MODULE_HPP

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <efd/efd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <sys/types.h>

namespace efd_python {

struct eventfd_object {
    PyObject_HEAD efd_t* efd; // nullptr once closed
    PyObject* arena;          // the arena_object that it came from, or nullptr
    PyObject* weak_refs;      // Python's
};
struct cancel_object {
    PyObject_HEAD efd_cancel_t* cancel;
    bool is_requested;
};
struct wait_set_object {
    PyObject_HEAD efd_wait_set_t* set; // nullptr once closed
    PyObject* arena;                   // whose set it is, or nullptr
    Py_ssize_t waits;                  // calls in progress that have let go of the GIL
    pid_t waits_of;                    // the process that they are of: a child of fork has none of them
    Py_ssize_t members;
    PyObject* weak_refs;
};
struct arena_object {
    PyObject_HEAD efd_arena_t* arena; // nullptr once closed
    PyObject* name;                   // str, or nullptr
    efd_arena_t* closing;             // closed, but for the calls in progress
    Py_ssize_t calls;                 // in progress without the GIL
    PyObject* weak_refs;              // Python's
};

// Of one import; each interpreter has its own.
struct module_state {
    PyTypeObject* eventfd;
    PyTypeObject* cancel;
    PyTypeObject* wait_set;
    PyTypeObject* arena;
    PyTypeObject* event;
};

template <class Object>
Object* as(PyObject* object) {
    return reinterpret_cast<Object*>(object);
}
template <class Object>
PyObject* plain(Object* object) {
    return reinterpret_cast<PyObject*>(object);
}
// All our types are final, so that the type of an object is ours.
inline module_state* state_of(PyTypeObject* type) { return static_cast<module_state*>(PyType_GetModuleState(type)); }
inline module_state* state_of(PyObject* self) { return state_of(Py_TYPE(self)); }
inline PyObject* none() { return Py_NewRef(Py_None); }
inline PyObject* truth(bool value) { return PyBool_FromLong(value); }

// ---- errors: each returns nullptr with an exception set

// OSError of errno `error`, as the subclass that Python has for it; the text says what to do.
PyObject* os_error(int error, const char* text);
// The same with what strerror says.
PyObject* os_error(int error);
// The answer of a function of efd that returns 0 or more, or -1 and errno.
inline PyObject* none_or_error(int result) { return result < 0 ? os_error(errno) : none(); }
inline PyObject* number_or_error(int result) { return result < 0 ? os_error(errno) : PyLong_FromLong(result); }

// ---- arguments

// Fills values[0..count) from a METH_FASTCALL | METH_KEYWORDS call, borrowed; nullptr where nothing was given. At most
// `positional` of them may be given without a name. False with TypeError.
struct signature {
    const char* function;
    const char* const* names;
    Py_ssize_t count;
    Py_ssize_t positional;
};
bool parse(const signature& wanted, PyObject* const* given, Py_ssize_t number, PyObject* keywords, PyObject** values);

// Each takes nullptr for "not given", and leaves *value then. False with an exception.
bool to_u64(PyObject* given, std::uint64_t* value);
bool to_u32(PyObject* given, std::uint32_t* value);
bool to_int(PyObject* given, int* value);
bool to_bool(PyObject* given, bool* value);
// A number of seconds, or None, becomes a deadline; efd_wait_options says in which clock. ValueError for what is
// negative or no number.
bool to_deadline(PyObject* given, std::uint64_t* deadline_ns);
// flags of eventfd_object: the bits of `flags`, and one for each keyword that is true.
bool to_flags(PyObject* flags, PyObject* semaphore, PyObject* nonblock, int* value);
// timeout, cancel and owner_death of a wait. `given` becomes true if there is any of the first two.
bool to_wait_options(module_state* state, PyObject* const values[3], efd_wait_options* options, bool* given);
// A file descriptor: an int, or an object with fileno().
bool to_descriptor(PyObject* given, int* value);

// ---- waiting

// The result of a call whose exception is set already.
constexpr int raised = -2;

// Calls without the GIL. A signal handler of Python's that runs meanwhile may raise: then `raised`; if it does not, the
// call is made again, so it must have an absolute deadline. errno is the call's.
template <class Call>
int wait_without_gil(Call call) {
    for (;;) {
        int result = 0;
        int error = 0;
        Py_BEGIN_ALLOW_THREADS result = call();
        error = errno;
        Py_END_ALLOW_THREADS if (result >= 0 || error != EINTR) {
            errno = error;
            return result;
        }
        if (PyErr_CheckSignals() != 0) return raised;
    }
}

// Until a socket that blocks is ready: efd's calls on sockets go on after a signal. False with an exception.
bool wait_for_socket(int socket, short events);

// ---- objects

// A new eventfd_object that owns the reference `efd`, which is given back if there is no memory. arena may be nullptr.
PyObject* make_eventfd(module_state* state, efd_t* efd, PyObject* arena);
PyObject* make_wait_set(module_state* state, efd_wait_set_t* set, PyObject* arena);
// A struct sequence of token, value, events, origin.
PyObject* make_event(module_state* state, const efd_wait_set_event& event);

// The memory of an object, zeroed behind its head; and the end of it.
PyObject* allocate(PyTypeObject* type);
void release(PyObject* self);

// Make the types. nullptr with an exception.
PyTypeObject* make_eventfd_type(PyObject* module);
PyTypeObject* make_cancel_type(PyObject* module);
PyTypeObject* make_wait_set_type(PyObject* module);
PyTypeObject* make_arena_type(PyObject* module);

// ---- how a process gets an arena: arena_ways.cpp

PyObject* arena_new(PyTypeObject* type, PyObject* arguments, PyObject* keywords);
PyObject* arena_open(PyObject* type, PyObject* const* given, Py_ssize_t number, PyObject* keywords);
PyObject* arena_open_or_create(PyObject* type, PyObject* const* given, Py_ssize_t number, PyObject* keywords);
PyObject* arena_attach(PyObject* type, PyObject* const* given, Py_ssize_t number, PyObject* keywords);
PyObject* arena_place(PyObject* type, PyObject* const* given, Py_ssize_t number, PyObject* keywords);
PyObject* arena_receive(PyObject* type, PyObject* const* given, Py_ssize_t number, PyObject* keywords);
// A name as bytes, nullptr for None or nothing. False with an exception; *bytes is a new reference.
bool to_name(PyObject* given, PyObject** bytes);
inline const char* text_of(PyObject* bytes) { return bytes == nullptr ? nullptr : PyBytes_AsString(bytes); }

// A function with keywords, as Python's table of methods has it.
inline PyCFunction method(_PyCFunctionFastWithKeywords function) {
    return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function));
}

} // namespace efd_python

#endif
