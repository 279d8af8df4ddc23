// SPDX-License-Identifier: MIT
// bindings/python/src/eventfd.cpp: efd.eventfd, a handle to an object.
//
// Every call first tries with the GIL, which costs no system call where nobody sleeps. Only a call that has to sleep
// lets go of the GIL; it holds a reference to the object meanwhile, so that close() in another thread does not end it.
#include "module.hpp"

#include <poll.h>
#include <structmember.h>

namespace efd_python {
namespace {

efd_t* object_of(PyObject* self) {
    efd_t* const efd = as<eventfd_object>(self)->efd;
    if (efd == nullptr) os_error(EBADF, "the eventfd is closed");
    return efd;
}

// What is said where a call would have to sleep and may not, or slept long enough.
PyObject* refused(int error, const char* nothing) {
    switch (error) {
    case EAGAIN: return os_error(error, nothing);
    case ETIMEDOUT: return os_error(error, "timed out");
    case ECANCELED: return os_error(error, "the cancel_token was requested");
    case EOWNERDEAD: return os_error(error, "the last process that signals this object was killed");
    default: return os_error(error);
    }
}

constexpr const char* nothing_to_read = "the count is zero";
constexpr const char* no_room = "the count has no room for the value";

PyObject* eventfd_new(PyTypeObject* type, PyObject* arguments, PyObject* keywords) {
    static const char* names[] = {"initval", "flags", "semaphore", "nonblock", "shared", nullptr};
    PyObject* given[5] = {};
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "|OO$OOO:eventfd", const_cast<char**>(names), &given[0],
                                     &given[1], &given[2], &given[3], &given[4]))
        return nullptr;
    std::uint64_t initval = 0;
    int flags = 0;
    bool is_shared = false;
    if (!to_u64(given[0], &initval) || !to_flags(given[1], given[2], given[3], &flags)) return nullptr;
    if (!to_bool(given[4], &is_shared)) return nullptr;
    efd_t* const made = efd_create(initval, flags | (is_shared ? EFD_SHARED : 0));
    if (made == nullptr) return os_error(errno);
    return make_eventfd(state_of(type), made, nullptr);
}

void eventfd_dealloc(PyObject* self) {
    auto* const object = as<eventfd_object>(self);
    if (object->weak_refs != nullptr) PyObject_ClearWeakRefs(self);
    efd_put(object->efd);
    Py_XDECREF(object->arena);
    release(self);
}

PyObject* eventfd_close(PyObject* self, PyObject*) {
    auto* const object = as<eventfd_object>(self);
    efd_t* const closed = object->efd;
    object->efd = nullptr;
    efd_put(closed);
    return none();
}

PyObject* eventfd_signal(PyObject* self, PyObject*) {
    efd_t* const efd = object_of(self);
    return efd == nullptr ? nullptr : none_or_error(efd_signal(efd));
}

PyObject* eventfd_write(PyObject* self, PyObject* const* given, Py_ssize_t number, PyObject* keywords) {
    static const char* const names[] = {"value", "timeout", "cancel"};
    PyObject* values[4] = {};
    if (!parse({"write", names, 3, 1}, given, number, keywords, values)) return nullptr;
    std::uint64_t value = 1;
    efd_wait_options options = EFD_WAIT_OPTIONS_INIT;
    bool always = false;
    if (!to_u64(values[0], &value) || !to_wait_options(state_of(self), values + 1, &options, &always)) return nullptr;
    efd_t* const efd = object_of(self);
    if (efd == nullptr) return nullptr;
    if (efd_try_write(efd, value) == 0) return none();
    if (errno != EAGAIN) return os_error(errno);
    if (always) options.blocking = EFD_BLOCKING_ALWAYS;
    efd_get(efd);
    const int result = wait_without_gil([&] { return efd_write_with(efd, value, &options); });
    const int error = errno;
    efd_put(efd);
    if (result == raised) return nullptr;
    return result == 0 ? none() : refused(error, no_room);
}

PyObject* eventfd_try_write(PyObject* self, PyObject* const* given, Py_ssize_t number, PyObject* keywords) {
    static const char* const names[] = {"value"};
    PyObject* values[1] = {};
    std::uint64_t value = 1;
    if (!parse({"try_write", names, 1, 1}, given, number, keywords, values) || !to_u64(values[0], &value))
        return nullptr;
    efd_t* const efd = object_of(self);
    if (efd == nullptr) return nullptr;
    return efd_try_write(efd, value) == 0 ? none() : refused(errno, no_room);
}

// `most` of a read: None or nothing for what the mode of the object says. False with an exception.
bool to_most(PyObject* given, std::uint64_t* most) {
    *most = 0;
    if (given == nullptr || given == Py_None) return true;
    if (!to_u64(given, most)) return false;
    if (*most == 0) PyErr_SetString(PyExc_ValueError, "most is 1 or more, or None");
    return *most != 0;
}

int try_once(efd_t* efd, std::uint64_t* value, std::uint64_t most) {
    return most == 0 ? efd_try_read(efd, value) : efd_try_read_some(efd, value, most);
}

PyObject* eventfd_read(PyObject* self, PyObject* const* given, Py_ssize_t number, PyObject* keywords) {
    static const char* const names[] = {"most", "timeout", "cancel", "owner_death"};
    PyObject* values[4] = {};
    if (!parse({"read", names, 4, 1}, given, number, keywords, values)) return nullptr;
    std::uint64_t most = 0;
    std::uint64_t value = 0;
    efd_wait_options options = EFD_WAIT_OPTIONS_INIT;
    bool always = false;
    if (!to_most(values[0], &most) || !to_wait_options(state_of(self), values + 1, &options, &always)) return nullptr;
    efd_t* const efd = object_of(self);
    if (efd == nullptr) return nullptr;
    if (try_once(efd, &value, most) == 0) return PyLong_FromUnsignedLongLong(value);
    if (errno != EAGAIN) return os_error(errno);
    if (always) options.blocking = EFD_BLOCKING_ALWAYS;
    efd_get(efd);
    const int result = wait_without_gil([&] {
        return most == 0 ? efd_read_with(efd, &value, &options) : efd_read_some_with(efd, &value, most, &options);
    });
    const int error = errno;
    efd_put(efd);
    if (result == raised) return nullptr;
    return result == 0 ? PyLong_FromUnsignedLongLong(value) : refused(error, nothing_to_read);
}

PyObject* take_now(const char* function, bool raises, PyObject* self, PyObject* const* given, Py_ssize_t number,
                   PyObject* keywords) {
    static const char* const names[] = {"most"};
    PyObject* values[1] = {};
    std::uint64_t most = 0;
    std::uint64_t value = 0;
    if (!parse({function, names, 1, 1}, given, number, keywords, values) || !to_most(values[0], &most)) return nullptr;
    efd_t* const efd = object_of(self);
    if (efd == nullptr) return nullptr;
    if (try_once(efd, &value, most) == 0) return PyLong_FromUnsignedLongLong(value);
    return errno == EAGAIN && !raises ? PyLong_FromLong(0) : refused(errno, nothing_to_read);
}

PyObject* eventfd_try_read(PyObject* self, PyObject* const* given, Py_ssize_t number, PyObject* keywords) {
    return take_now("try_read", true, self, given, number, keywords);
}

PyObject* eventfd_take(PyObject* self, PyObject* const* given, Py_ssize_t number, PyObject* keywords) {
    return take_now("take", false, self, given, number, keywords);
}

PyObject* eventfd_poll(PyObject* self, PyObject*) {
    efd_t* const efd = object_of(self);
    return efd == nullptr ? nullptr : number_or_error(efd_poll(efd));
}

PyObject* eventfd_fileno(PyObject* self, PyObject* const* given, Py_ssize_t number, PyObject* keywords) {
    static const char* const names[] = {"how"};
    PyObject* values[1] = {};
    int how = EFD_LEVEL;
    if (!parse({"fileno", names, 1, 1}, given, number, keywords, values) || !to_int(values[0], &how)) return nullptr;
    efd_t* const efd = object_of(self);
    if (efd == nullptr) return nullptr;
    const int fd = efd_fd(efd, how);
    if (fd < 0 && errno == EOPNOTSUPP)
        return os_error(EOPNOTSUPP,
                        "an object that processes share has no descriptor: make it in an efd.arena, and wait "
                        "for it by arena.make_set() or efd.aio");
    return number_or_error(fd);
}

PyObject* eventfd_arm(PyObject* self, PyObject* const* given, Py_ssize_t number, PyObject* keywords) {
    static const char* const names[] = {"events"};
    PyObject* values[1] = {};
    std::uint32_t events = POLLIN;
    if (!parse({"arm", names, 1, 1}, given, number, keywords, values) || !to_u32(values[0], &events)) return nullptr;
    efd_t* const efd = object_of(self);
    return efd == nullptr ? nullptr : number_or_error(efd_arm(efd, events));
}

PyObject* eventfd_set_linger(PyObject* self, PyObject* const* given, Py_ssize_t number, PyObject* keywords) {
    static const char* const names[] = {"microseconds"};
    PyObject* values[1] = {};
    int linger_us = 0;
    if (!parse({"set_linger", names, 1, 1}, given, number, keywords, values) || !to_int(values[0], &linger_us))
        return nullptr;
    efd_t* const efd = object_of(self);
    return efd == nullptr ? nullptr : none_or_error(efd_set_linger(efd, linger_us));
}

PyObject* eventfd_enter(PyObject* self, PyObject*) { return object_of(self) == nullptr ? nullptr : Py_NewRef(self); }

PyObject* eventfd_exit(PyObject* self, PyObject* const*, Py_ssize_t) { return eventfd_close(self, nullptr); }

PyObject* eventfd_count(PyObject* self, void*) {
    efd_t* const efd = object_of(self);
    return efd == nullptr ? nullptr : PyLong_FromUnsignedLongLong(efd_count(efd));
}

PyObject* eventfd_id(PyObject* self, void*) {
    efd_t* const efd = object_of(self);
    return efd == nullptr ? nullptr : number_or_error(efd_id(efd));
}

PyObject* eventfd_flags(PyObject* self, void*) {
    efd_t* const efd = object_of(self);
    return efd == nullptr ? nullptr : number_or_error(efd_flags(efd));
}

PyObject* eventfd_semaphore(PyObject* self, void*) {
    efd_t* const efd = object_of(self);
    return efd == nullptr ? nullptr : truth((efd_flags(efd) & EFD_SEMAPHORE) != 0);
}

PyObject* eventfd_nonblock(PyObject* self, void*) {
    efd_t* const efd = object_of(self);
    return efd == nullptr ? nullptr : truth((efd_flags(efd) & EFD_NONBLOCK) != 0);
}

int eventfd_set_nonblock(PyObject* self, PyObject* value, void*) {
    bool on = false;
    if (value == nullptr) {
        PyErr_SetString(PyExc_AttributeError, "nonblock cannot be deleted");
        return -1;
    }
    if (!to_bool(value, &on)) return -1;
    efd_t* const efd = object_of(self);
    if (efd == nullptr) return -1;
    if (efd_set_nonblock(efd, on) == 0) return 0;
    os_error(errno);
    return -1;
}

PyObject* eventfd_closed(PyObject* self, void*) { return truth(as<eventfd_object>(self)->efd == nullptr); }

PyObject* eventfd_arena(PyObject* self, void*) {
    PyObject* const arena = as<eventfd_object>(self)->arena;
    return Py_NewRef(arena == nullptr ? Py_None : arena);
}

PyObject* eventfd_repr(PyObject* self) {
    efd_t* const efd = as<eventfd_object>(self)->efd;
    if (efd == nullptr) return PyUnicode_FromString("<efd.eventfd, closed>");
    return PyUnicode_FromFormat("<efd.eventfd %d, count %llu%s>", efd_id(efd),
                                static_cast<unsigned long long>(efd_count(efd)),
                                (efd_flags(efd) & EFD_SEMAPHORE) != 0 ? ", semaphore" : "");
}

// Texts begin with the signature that inspect.signature() shows.
PyMethodDef eventfd_methods[] = {
    {"signal", eventfd_signal, METH_NOARGS,
     "signal($self, /)\n--\n\nAdds one. Never sleeps; saturates at 2**64-1. No system call unless a reader sleeps."},
    {"write", method(eventfd_write), METH_FASTCALL | METH_KEYWORDS,
     "write($self, /, value=1, *, timeout=None, cancel=None)\n--\n\n"
     "Adds value; sleeps while the count has no room for it. Errors as read()."},
    {"try_write", method(eventfd_try_write), METH_FASTCALL | METH_KEYWORDS,
     "try_write($self, /, value=1)\n--\n\nAs write(), but raises BlockingIOError instead of a sleep."},
    {"read", method(eventfd_read), METH_FASTCALL | METH_KEYWORDS,
     "read($self, /, most=None, *, timeout=None, cancel=None, owner_death=False)\n--\n\n"
     "Takes the count, one in semaphore mode, or up to `most`, and returns it; sleeps while it is zero.\n\n"
     "TimeoutError after `timeout` seconds, BlockingIOError if the object is non-blocking and neither timeout nor\n"
     "cancel is given, OSError(ECANCELED) once the cancel_token was requested, OSError(EOWNERDEAD) with owner_death\n"
     "of an object found with waiting=True. Nothing has been taken then, nor if a signal handler raises."},
    {"try_read", method(eventfd_try_read), METH_FASTCALL | METH_KEYWORDS,
     "try_read($self, /, most=None)\n--\n\nAs read(), but raises BlockingIOError instead of a sleep."},
    {"take", method(eventfd_take), METH_FASTCALL | METH_KEYWORDS,
     "take($self, /, most=None)\n--\n\nAs try_read(), but returns 0 where there is nothing."},
    {"poll", eventfd_poll, METH_NOARGS,
     "poll($self, /)\n--\n\nWhat poll(2) would say: select.POLLIN, POLLOUT, POLLERR. Takes nothing."},
    {"fileno", method(eventfd_fileno), METH_FASTCALL | METH_KEYWORDS,
     "fileno($self, /, how=0)\n--\n\nA descriptor to watch, not to read: made at the first call, closed with the\n"
     "object. EFD_LEVEL: readable while the count is above zero; EFD_ARMED: one edge for each arm(); EFD_EVERY."},
    {"arm", method(eventfd_arm), METH_FASTCALL | METH_KEYWORDS,
     "arm($self, /, events=1)\n--\n\nOf an EFD_ARMED descriptor: what holds already; if 0, the next write rings."},
    {"set_linger", method(eventfd_set_linger), METH_FASTCALL | METH_KEYWORDS,
     "set_linger($self, /, microseconds)\n--\n\nHow long a reader looks before it sleeps; EFD_LINGER_OFF, _AUTO."},
    {"close", eventfd_close, METH_NOARGS,
     "close($self, /)\n--\n\nGives the object back; threads that wait for it go on. May be called twice."},
    {"__enter__", eventfd_enter, METH_NOARGS, "__enter__($self, /)\n--\n\nThe object itself."},
    {"__exit__", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(eventfd_exit)), METH_FASTCALL,
     "__exit__($self, /, *exception)\n--\n\nCloses."},
    {nullptr, nullptr, 0, nullptr},
};

PyGetSetDef eventfd_properties[] = {
    {"count", eventfd_count, nullptr, "The count at this moment.", nullptr},
    {"id", eventfd_id, nullptr, "As eventfd-id of /proc; of an object of an arena its slot.", nullptr},
    {"flags", eventfd_flags, nullptr, "EFD_SEMAPHORE, EFD_NONBLOCK, EFD_CLOEXEC.", nullptr},
    {"semaphore", eventfd_semaphore, nullptr, "Whether a read takes one.", nullptr},
    {"nonblock", eventfd_nonblock, eventfd_set_nonblock, "Whether read() and write() raise BlockingIOError.", nullptr},
    {"closed", eventfd_closed, nullptr, "Whether close() was called.", nullptr},
    {"arena", eventfd_arena, nullptr, "The arena that the object came from, or None.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

PyMemberDef eventfd_members[] = {
    {"__weaklistoffset__", T_PYSSIZET, offsetof(eventfd_object, weak_refs), READONLY, nullptr},
    {nullptr, 0, 0, 0, nullptr},
};

constexpr const char* eventfd_text =
    "eventfd(initval=0, flags=0, *, semaphore=False, nonblock=False, shared=False)\n--\n\n"
    "The Linux eventfd in user space: a count that writers add to and readers take from. A system call is made only\n"
    "when somebody sleeps. shared: children of fork share the object instead of getting a copy.";

PyType_Slot eventfd_slots[] = {
    {Py_tp_doc, const_cast<char*>(eventfd_text)},
    {Py_tp_new, reinterpret_cast<void*>(eventfd_new)},
    {Py_tp_dealloc, reinterpret_cast<void*>(eventfd_dealloc)},
    {Py_tp_repr, reinterpret_cast<void*>(eventfd_repr)},
    {Py_tp_methods, eventfd_methods},
    {Py_tp_getset, eventfd_properties},
    {Py_tp_members, eventfd_members},
    {0, nullptr},
};
PyType_Spec eventfd_spec = {"efd.eventfd", sizeof(eventfd_object), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
                            eventfd_slots};

} // namespace

PyTypeObject* make_eventfd_type(PyObject* module) {
    return as<PyTypeObject>(PyType_FromModuleAndSpec(module, &eventfd_spec, nullptr));
}

PyObject* make_eventfd(module_state* state, efd_t* efd, PyObject* arena) {
    PyObject* const self = allocate(state->eventfd);
    if (self == nullptr) {
        efd_put(efd);
        return nullptr;
    }
    as<eventfd_object>(self)->efd = efd;
    as<eventfd_object>(self)->arena = Py_XNewRef(arena);
    return self;
}

} // namespace efd_python
