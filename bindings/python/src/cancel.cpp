// SPDX-License-Identifier: MIT
// bindings/python/src/cancel.cpp: efd.cancel_token, which ends waits in other threads. A wait's caller holds a
// reference to the token as an argument, so that none is destroyed under a wait.
#include "module.hpp"

namespace efd_python {
namespace {

PyObject* cancel_new(PyTypeObject* type, PyObject* arguments, PyObject* keywords) {
    static const char* names[] = {nullptr};
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, ":cancel_token", const_cast<char**>(names))) return nullptr;
    PyObject* const self = allocate(type);
    if (self == nullptr) return nullptr;
    as<cancel_object>(self)->cancel = efd_cancel_create();
    if (as<cancel_object>(self)->cancel != nullptr) return self;
    Py_DECREF(self);
    return PyErr_NoMemory();
}

void cancel_dealloc(PyObject* self) { // no wait uses it: the caller of a wait holds a reference
    efd_cancel_destroy(as<cancel_object>(self)->cancel);
    release(self);
}

PyObject* cancel_request(PyObject* self, PyObject*) {
    as<cancel_object>(self)->is_requested = true;
    return none_or_error(efd_cancel_request(as<cancel_object>(self)->cancel));
}

PyObject* cancel_requested(PyObject* self, void*) { return truth(as<cancel_object>(self)->is_requested); }

PyMethodDef cancel_methods[] = {
    {"request", cancel_request, METH_NOARGS,
     "request($self, /)\n--\n\nEnds every wait with this token, now and later: OSError(ECANCELED). Any thread."},
    {nullptr, nullptr, 0, nullptr},
};
PyGetSetDef cancel_properties[] = {
    {"requested", cancel_requested, nullptr, "Whether request() was called.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};
PyType_Slot cancel_slots[] = {
    {Py_tp_doc, const_cast<char*>("cancel_token()\n--\n\nEnds waits: give it to them as `cancel`.")},
    {Py_tp_new, reinterpret_cast<void*>(cancel_new)},
    {Py_tp_dealloc, reinterpret_cast<void*>(cancel_dealloc)},
    {Py_tp_methods, cancel_methods},
    {Py_tp_getset, cancel_properties},
    {0, nullptr},
};
PyType_Spec cancel_spec = {"efd.cancel_token", sizeof(cancel_object), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
                           cancel_slots};

} // namespace

PyTypeObject* make_cancel_type(PyObject* module) {
    return as<PyTypeObject>(PyType_FromModuleAndSpec(module, &cancel_spec, nullptr));
}

} // namespace efd_python
