// SPDX-License-Identifier: MIT
// bindings/python/src/module.cpp: the extension module efd._efd: its types, constants and functions. Initialised in
// phases, with all state in the module, so that each interpreter of a process has its own; they share one GIL.
#include "module.hpp"

#include <poll.h>

namespace efd_python {
namespace {

PyStructSequence_Field event_fields[] = {
    {"token", "as given when the member joined the set"},
    {"value", "what was taken; 0 where nothing is taken"},
    {"events", "POLLIN for an object or a set, what epoll said for a descriptor"},
    {"origin", "the token of the object that was taken from, in the set in which it stands"},
    {nullptr, nullptr},
};
PyStructSequence_Desc event_description = {"efd.event", "What wait_set says of a member.", event_fields, 4};

module_state* state_of_module(PyObject* module) { return static_cast<module_state*>(PyModule_GetState(module)); }

PyObject* system_calls(PyObject*, PyObject*) { return PyLong_FromUnsignedLongLong(efd_system_calls()); }

PyObject* renew_descriptors(PyObject*, PyObject*) { return none_or_error(efd_renew_descriptors()); }

struct constant {
    const char* name;
    long value;
};
constexpr constant constants[] = {
    {"EFD_SEMAPHORE", EFD_SEMAPHORE}, {"EFD_NONBLOCK", EFD_NONBLOCK},     {"EFD_CLOEXEC", EFD_CLOEXEC},
    {"EFD_SHARED", EFD_SHARED},       {"EFD_LEVEL", EFD_LEVEL},           {"EFD_ARMED", EFD_ARMED},
    {"EFD_EVERY", EFD_EVERY},         {"EFD_LINGER_OFF", EFD_LINGER_OFF}, {"EFD_LINGER_AUTO", EFD_LINGER_AUTO},
};

int add_type(PyObject* module, const char* name, PyTypeObject* type) {
    return type == nullptr ? -1 : PyModule_AddObjectRef(module, name, plain(type));
}

int add_no_look(PyObject* module) {
    PyObject* const number = PyLong_FromUnsignedLong(EFD_ARENA_NO_LOOK);
    const int added = number == nullptr ? -1 : PyModule_AddObjectRef(module, "EFD_ARENA_NO_LOOK", number);
    Py_XDECREF(number);
    return added;
}

int fill(PyObject* module) {
    module_state* const state = state_of_module(module);
    if (add_type(module, "eventfd", state->eventfd = make_eventfd_type(module)) != 0) return -1;
    if (add_type(module, "cancel_token", state->cancel = make_cancel_type(module)) != 0) return -1;
    if (add_type(module, "wait_set", state->wait_set = make_wait_set_type(module)) != 0) return -1;
    if (add_type(module, "arena", state->arena = make_arena_type(module)) != 0) return -1;
    if (add_type(module, "event", state->event = PyStructSequence_NewType(&event_description)) != 0) return -1;
    for (const constant& each : constants)
        if (PyModule_AddIntConstant(module, each.name, each.value) != 0) return -1;
    return add_no_look(module) != 0 ? -1 : PyModule_AddStringConstant(module, "__version__", EFD_PYTHON_VERSION);
}

int traverse(PyObject* module, visitproc visit, void* arg) {
    const module_state* const state = state_of_module(module);
    if (state == nullptr) return 0;
    Py_VISIT(plain(state->eventfd));
    Py_VISIT(plain(state->cancel));
    Py_VISIT(plain(state->wait_set));
    Py_VISIT(plain(state->arena));
    Py_VISIT(plain(state->event));
    return 0;
}

int clear(PyObject* module) {
    module_state* const state = state_of_module(module);
    if (state == nullptr) return 0;
    Py_CLEAR(state->eventfd);
    Py_CLEAR(state->cancel);
    Py_CLEAR(state->wait_set);
    Py_CLEAR(state->arena);
    Py_CLEAR(state->event);
    return 0;
}

void free_module(void* module) { clear(static_cast<PyObject*>(module)); }

PyMethodDef functions[] = {
    {"system_calls", system_calls, METH_NOARGS,
     "system_calls($module, /)\n--\n\nHow many system calls efd has made to sleep and to wake in this process."},
    {"renew_descriptors", renew_descriptors, METH_NOARGS,
     "renew_descriptors($module, /)\n--\n\nIn the child of a fork, and after descriptors were closed behind efd's "
     "back:\n"
     "makes anew what fileno() would make anew at its next call."},
    {nullptr, nullptr, 0, nullptr},
};
PyModuleDef_Slot slots[] = {{Py_mod_exec, reinterpret_cast<void*>(fill)}, {0, nullptr}};
PyModuleDef definition = {PyModuleDef_HEAD_INIT,
                          "efd._efd",
                          "The Linux eventfd in user space.",
                          sizeof(module_state),
                          functions,
                          slots,
                          traverse,
                          clear,
                          free_module};

} // namespace

PyObject* make_event(module_state* state, const efd_wait_set_event& event) {
    if (state->event == nullptr) return allocate(nullptr);
    PyObject* const made = PyStructSequence_New(state->event);
    if (made == nullptr) return nullptr;
    PyObject* const fields[] = {PyLong_FromUnsignedLongLong(event.token), PyLong_FromUnsignedLongLong(event.value),
                                PyLong_FromUnsignedLong(event.events), PyLong_FromUnsignedLongLong(event.origin)};
    bool is_whole = true;
    for (Py_ssize_t i = 0; i < 4; ++i) {
        is_whole = is_whole && fields[i] != nullptr;
        PyStructSequence_SetItem(made, i, fields[i]);
    }
    if (is_whole) return made;
    Py_DECREF(made);
    return nullptr;
}

} // namespace efd_python

PyMODINIT_FUNC PyInit__efd() { return PyModuleDef_Init(&efd_python::definition); }
