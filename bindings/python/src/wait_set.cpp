// SPDX-License-Identifier: MIT
// bindings/python/src/wait_set.cpp: efd.wait_set, many objects and one wait. Tokens are the caller's numbers, as in C:
// a set holds no Python object, and a wait hands out nothing that another thread may have removed.
#include "module.hpp"

#include <structmember.h>

#include <algorithm>
#include <limits>
#include <unistd.h>
#include <vector>

namespace efd_python {
namespace {

// A wait has room for as many events as there are members, and some more, as others may join meanwhile.
constexpr Py_ssize_t room_for_newcomers = 16;

efd_wait_set_t* set_of(PyObject* self) {
    efd_wait_set_t* const set = as<wait_set_object>(self)->set;
    if (set == nullptr) os_error(EBADF, "the wait_set is closed");
    return set;
}

PyObject* failed(int error) {
    switch (error) {
    case EAGAIN: return os_error(error, "no member is ready");
    case ETIMEDOUT: return os_error(error, "timed out");
    case ECANCELED: return os_error(error, "the cancel_token was requested");
    default: return os_error(error);
    }
}

PyObject* set_new(PyTypeObject* type, PyObject* arguments, PyObject* keywords) {
    static const char* names[] = {nullptr};
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, ":wait_set", const_cast<char**>(names))) return nullptr;
    efd_wait_set_t* const made = efd_wait_set_create();
    return made == nullptr ? os_error(errno) : make_wait_set(state_of(type), made, nullptr);
}

void set_dealloc(PyObject* self) { // no wait is in progress: its caller holds a reference
    auto* const object = as<wait_set_object>(self);
    if (object->weak_refs != nullptr) PyObject_ClearWeakRefs(self);
    efd_wait_set_destroy(object->set);
    Py_XDECREF(object->arena);
    release(self);
}

PyObject* set_close(PyObject* self, PyObject*) {
    auto* const object = as<wait_set_object>(self);
    if (object->waits > 0 && object->waits_of == ::getpid())
        return os_error(EBUSY, "a thread waits on this wait_set: end its wait first, by a member or a cancel_token");
    efd_wait_set_t* const closed = object->set;
    object->set = nullptr;
    efd_wait_set_destroy(closed);
    return none();
}

// The new member's number, or why there is none.
PyObject* joined(PyObject* self, int member) {
    if (member >= 0) {
        ++as<wait_set_object>(self)->members;
        return PyLong_FromLong(member);
    }
    if (errno == EOPNOTSUPP)
        return os_error(EOPNOTSUPP, "an object of an arena stands in sets of its own arena (arena.make_set()); those "
                                    "take objects of it, private objects and private sets");
    return os_error(errno);
}

PyObject* set_add(PyObject* self, PyObject* const* given, Py_ssize_t number, PyObject* keywords) {
    static const char* const names[] = {"member", "token"};
    PyObject* values[2] = {};
    std::uint64_t token = 0;
    if (!parse({"add", names, 2, 2}, given, number, keywords, values)) return nullptr;
    const module_state* const state = state_of(self);
    if (values[0] == nullptr || values[1] == nullptr) {
        PyErr_SetString(PyExc_TypeError, "add() needs a member and a token");
        return nullptr;
    }
    if (!to_u64(values[1], &token)) return nullptr;
    efd_wait_set_t* const set = set_of(self);
    if (set == nullptr) return nullptr;
    if (Py_TYPE(values[0]) == state->eventfd) {
        efd_t* const efd = as<eventfd_object>(values[0])->efd;
        if (efd == nullptr) return os_error(EBADF, "the eventfd is closed");
        return joined(self, efd_wait_set_add(set, efd, token));
    }
    if (Py_TYPE(values[0]) == state->wait_set) {
        efd_wait_set_t* const inner = set_of(values[0]);
        return inner == nullptr ? nullptr : joined(self, efd_wait_set_add_set(set, inner, token));
    }
    PyErr_SetString(PyExc_TypeError, "a member is an efd.eventfd or an efd.wait_set; for a descriptor say add_fd()");
    return nullptr;
}

PyObject* set_add_fd(PyObject* self, PyObject* const* given, Py_ssize_t number, PyObject* keywords) {
    static const char* const names[] = {"fd", "events", "token"};
    PyObject* values[3] = {};
    std::uint32_t events = 0;
    std::uint64_t token = 0;
    int fd = -1;
    if (!parse({"add_fd", names, 3, 3}, given, number, keywords, values)) return nullptr;
    if (values[0] == nullptr || values[1] == nullptr || values[2] == nullptr) {
        PyErr_SetString(PyExc_TypeError, "add_fd() needs a descriptor, events as for select.epoll, and a token");
        return nullptr;
    }
    if (!to_descriptor(values[0], &fd) || !to_u32(values[1], &events) || !to_u64(values[2], &token)) return nullptr;
    efd_wait_set_t* const set = set_of(self);
    return set == nullptr ? nullptr : joined(self, efd_wait_set_add_fd(set, fd, events, token));
}

PyObject* set_remove(PyObject* self, PyObject* const* given, Py_ssize_t number, PyObject* keywords) {
    static const char* const names[] = {"member"};
    PyObject* values[1] = {};
    int member = -1;
    if (!parse({"remove", names, 1, 1}, given, number, keywords, values) || !to_int(values[0], &member)) return nullptr;
    efd_wait_set_t* const set = set_of(self);
    if (set == nullptr) return nullptr;
    if (efd_wait_set_remove(set, member) != 0) return os_error(errno);
    --as<wait_set_object>(self)->members;
    return none();
}

// A wait keeps the set from being closed.
template <class Call>
int wait_on(PyObject* self, Call call) {
    auto* const object = as<wait_set_object>(self);
    if (object->waits_of != ::getpid()) object->waits = 0;
    object->waits_of = ::getpid();
    ++object->waits;
    const int result = wait_without_gil(call);
    const int error = errno;
    --object->waits;
    errno = error;
    return result;
}

PyObject* set_try_any(PyObject* self, PyObject*) {
    efd_wait_set_event event{};
    efd_wait_set_t* const set = set_of(self);
    if (set == nullptr) return nullptr;
    return efd_wait_set_try_any(set, &event) == 0 ? make_event(state_of(self), event) : failed(errno);
}

PyObject* set_wait_any(PyObject* self, PyObject* const* given, Py_ssize_t number, PyObject* keywords) {
    static const char* const names[] = {"timeout", "cancel", "owner_death"};
    PyObject* values[3] = {};
    efd_wait_options options = EFD_WAIT_OPTIONS_INIT;
    bool any = false;
    if (!parse({"wait_any", names, 2, 0}, given, number, keywords, values)) return nullptr;
    if (!to_wait_options(state_of(self), values, &options, &any)) return nullptr;
    efd_wait_set_event event{};
    efd_wait_set_t* const set = set_of(self);
    if (set == nullptr) return nullptr;
    if (efd_wait_set_try_any(set, &event) == 0) return make_event(state_of(self), event);
    if (errno != EAGAIN) return failed(errno);
    const int result = wait_on(self, [&] { return efd_wait_set_wait_any_with(set, &event, &options); });
    if (result == raised) return nullptr;
    return result == 0 ? make_event(state_of(self), event) : failed(errno);
}

PyObject* list_of(module_state* state, const std::vector<efd_wait_set_event>& events, int found) {
    PyObject* const list = PyList_New(found);
    for (int i = 0; list != nullptr && i < found; ++i) {
        PyObject* const event = make_event(state, events[static_cast<std::size_t>(i)]);
        if (event == nullptr) {
            Py_DECREF(list);
            return nullptr;
        }
        PyList_SetItem(list, i, event);
    }
    return list;
}

using wait_many = int (*)(efd_wait_set_t*, efd_wait_set_event*, int, const efd_wait_options*);

PyObject* wait_for_many(PyObject* self, wait_many wait, std::uint32_t room, PyObject* const* values) {
    efd_wait_options options = EFD_WAIT_OPTIONS_INIT;
    bool any = false;
    if (!to_wait_options(state_of(self), values, &options, &any)) return nullptr;
    efd_wait_set_t* const set = set_of(self);
    if (set == nullptr) return nullptr;
    const auto most_room = static_cast<std::uint32_t>(as<wait_set_object>(self)->members + room_for_newcomers);
    std::vector<efd_wait_set_event> events(std::min(room, most_room));
    const int places = static_cast<int>(events.size());
    const int found = wait_on(self, [&] { return wait(set, events.data(), places, &options); });
    if (found == raised) return nullptr;
    return found < 0 ? failed(errno) : list_of(state_of(self), events, found);
}

PyObject* set_wait_ready(PyObject* self, PyObject* const* given, Py_ssize_t number, PyObject* keywords) {
    static const char* const names[] = {"room", "timeout", "cancel", "owner_death"};
    PyObject* values[4] = {};
    std::uint32_t room = 64;
    if (!parse({"wait_ready", names, 3, 1}, given, number, keywords, values) || !to_u32(values[0], &room))
        return nullptr;
    return wait_for_many(self, efd_wait_set_wait_ready_with, room, values + 1);
}

PyObject* set_wait_all(PyObject* self, PyObject* const* given, Py_ssize_t number, PyObject* keywords) {
    static const char* const names[] = {"timeout", "cancel", "owner_death"};
    PyObject* values[3] = {};
    if (!parse({"wait_all", names, 2, 0}, given, number, keywords, values)) return nullptr;
    return wait_for_many(self, efd_wait_set_wait_all_with, std::numeric_limits<std::uint32_t>::max(), values);
}

PyObject* set_fileno(PyObject* self, PyObject*) {
    efd_wait_set_t* const set = set_of(self);
    return set == nullptr ? nullptr : number_or_error(efd_wait_set_fd(set));
}

PyObject* set_set_linger(PyObject* self, PyObject* const* given, Py_ssize_t number, PyObject* keywords) {
    static const char* const names[] = {"microseconds"};
    PyObject* values[1] = {};
    int linger_us = 0;
    if (!parse({"set_linger", names, 1, 1}, given, number, keywords, values) || !to_int(values[0], &linger_us))
        return nullptr;
    efd_wait_set_t* const set = set_of(self);
    return set == nullptr ? nullptr : none_or_error(efd_wait_set_set_linger(set, linger_us));
}

PyObject* set_enter(PyObject* self, PyObject*) { return set_of(self) == nullptr ? nullptr : Py_NewRef(self); }

PyObject* set_exit(PyObject* self, PyObject* const*, Py_ssize_t) { return set_close(self, nullptr); }

PyObject* set_closed(PyObject* self, void*) { return truth(as<wait_set_object>(self)->set == nullptr); }

Py_ssize_t set_length(PyObject* self) { return as<wait_set_object>(self)->members; }

int set_is_true(PyObject*) {
    return 1; // also without members
}

PyMethodDef set_methods[] = {
    {"add", method(set_add), METH_FASTCALL | METH_KEYWORDS,
     "add($self, /, member, token)\n--\n\nAn eventfd or another set joins; its events bear token, a number of yours.\n"
     "Returns the member's number, for remove()."},
    {"add_fd", method(set_add_fd), METH_FASTCALL | METH_KEYWORDS,
     "add_fd($self, /, fd, events, token)\n--\n\nA kernel descriptor joins; events as for select.epoll.register()."},
    {"remove", method(set_remove), METH_FASTCALL | METH_KEYWORDS,
     "remove($self, /, member)\n--\n\nAfter it returned nothing is taken from that member here."},
    {"try_any", set_try_any, METH_NOARGS,
     "try_any($self, /)\n--\n\nAs wait_any(), but raises BlockingIOError instead of a sleep."},
    {"wait_any", method(set_wait_any), METH_FASTCALL | METH_KEYWORDS,
     "wait_any($self, /, *, timeout=None, cancel=None)\n--\n\n"
     "Takes from one ready member, the next in turn, and returns its event. Errors as eventfd.read()."},
    {"wait_ready", method(set_wait_ready), METH_FASTCALL | METH_KEYWORDS,
     "wait_ready($self, /, room=64, *, timeout=None, cancel=None)\n--\n\n"
     "A list of events of ready members, room at most. Takes nothing."},
    {"wait_all", method(set_wait_all), METH_FASTCALL | METH_KEYWORDS,
     "wait_all($self, /, *, timeout=None, cancel=None)\n--\n\n"
     "Takes from every member in one step, or from none; a list of events."},
    {"fileno", set_fileno, METH_NOARGS,
     "fileno($self, /)\n--\n\nA descriptor that is readable while a member is ready."},
    {"set_linger", method(set_set_linger), METH_FASTCALL | METH_KEYWORDS,
     "set_linger($self, /, microseconds)\n--\n\nHow long a waiter looks before it sleeps."},
    {"close", set_close, METH_NOARGS,
     "close($self, /)\n--\n\nAll members leave. OSError(EBUSY) while a thread waits. May be called twice."},
    {"__enter__", set_enter, METH_NOARGS, "__enter__($self, /)\n--\n\nThe set itself."},
    {"__exit__", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(set_exit)), METH_FASTCALL,
     "__exit__($self, /, *exception)\n--\n\nCloses."},
    {nullptr, nullptr, 0, nullptr},
};
PyGetSetDef set_properties[] = {
    {"closed", set_closed, nullptr, "Whether close() was called.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};
PyMemberDef set_weak[] = {
    {"__weaklistoffset__", T_PYSSIZET, offsetof(wait_set_object, weak_refs), READONLY, nullptr},
    {nullptr, 0, 0, 0, nullptr},
};
PyType_Slot set_slots[] = {
    {Py_tp_doc, const_cast<char*>("wait_set()\n--\n\nWaits for many: eventfds, other sets, kernel descriptors. Any "
                                  "number of threads may wait; members\nmay join and leave meanwhile.")},
    {Py_tp_new, reinterpret_cast<void*>(set_new)},
    {Py_tp_dealloc, reinterpret_cast<void*>(set_dealloc)},
    {Py_tp_methods, set_methods},
    {Py_tp_getset, set_properties},
    {Py_tp_members, set_weak},
    {Py_mp_length, reinterpret_cast<void*>(set_length)},
    {Py_nb_bool, reinterpret_cast<void*>(set_is_true)},
    {0, nullptr},
};
PyType_Spec set_spec = {"efd.wait_set", sizeof(wait_set_object), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
                        set_slots};

} // namespace

PyTypeObject* make_wait_set_type(PyObject* module) {
    return as<PyTypeObject>(PyType_FromModuleAndSpec(module, &set_spec, nullptr));
}

PyObject* make_wait_set(module_state* state, efd_wait_set_t* set, PyObject* arena) {
    PyObject* const self = allocate(state->wait_set);
    if (self == nullptr) {
        efd_wait_set_destroy(set);
        return nullptr;
    }
    as<wait_set_object>(self)->set = set;
    as<wait_set_object>(self)->arena = Py_XNewRef(arena);
    return self;
}

} // namespace efd_python
