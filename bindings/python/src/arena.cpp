// SPDX-License-Identifier: MIT
// bindings/python/src/arena.cpp: efd.arena, objects in memory that processes share. A call that may wait for the lock
// of names, or for a socket, lets go of the GIL; close() in another thread meanwhile takes effect when the last such
// call ends.
#include "module.hpp"

#include <structmember.h>

#include <poll.h>
#include <string>
#include <utility>
#include <vector>

namespace efd_python {
namespace {

efd_arena_t* arena_of(PyObject* self) {
    efd_arena_t* const arena = as<arena_object>(self)->arena;
    if (arena == nullptr) os_error(EBADF, "the arena is closed");
    return arena;
}

void close_arena(arena_object* object) {
    efd_arena_t* const closed = object->arena;
    object->arena = nullptr;
    if (closed == nullptr) return;
    if (object->calls > 0)
        object->closing = closed;
    else
        efd_arena_close(closed);
}

// A call without the GIL on an arena that close() leaves alone meanwhile.
template <class Call>
int call_on(PyObject* self, Call call) {
    auto* const object = as<arena_object>(self);
    ++object->calls;
    const int result = wait_without_gil(call);
    const int error = errno;
    if (--object->calls == 0 && object->closing != nullptr) efd_arena_close(std::exchange(object->closing, nullptr));
    errno = error;
    return result;
}

PyObject* refused(int error) {
    switch (error) {
    case ENOSPC: return os_error(error, "every slot, name or set of the arena is in use: make it with more");
    case ESTALE: return os_error(error, "the object is gone, or this process counts as dead in the arena");
    case ENOENT: return os_error(error, "the arena has no object of this name");
    case EEXIST: return os_error(error, "the arena has an object of this name");
    default: return os_error(error);
    }
}

void arena_dealloc(PyObject* self) {
    auto* const object = as<arena_object>(self);
    if (object->weak_refs != nullptr) PyObject_ClearWeakRefs(self);
    close_arena(object);
    Py_XDECREF(object->name);
    release(self);
}

PyObject* arena_close(PyObject* self, PyObject*) {
    close_arena(as<arena_object>(self));
    return none();
}

// An object that `call` gives, without the GIL if it is found by name.
template <class Call>
PyObject* object_from(PyObject* self, bool by_name, Call call) {
    efd_t* got = nullptr;
    const auto once = [&] {
        got = call();
        return got == nullptr ? -1 : 0;
    };
    const int result = by_name ? call_on(self, once) : once();
    if (result == raised) return nullptr;
    return result < 0 ? refused(errno) : make_eventfd(state_of(self), got, self);
}

PyObject* arena_make(PyObject* self, PyObject* const* given, Py_ssize_t number, PyObject* keywords) {
    static const char* const names[] = {"name", "initval", "flags", "semaphore", "nonblock"};
    PyObject* v[5] = {};
    std::uint64_t initval = 0;
    int flags = 0;
    PyObject* name = nullptr;
    if (!parse({"make", names, 5, 3}, given, number, keywords, v) || !to_u64(v[1], &initval)) return nullptr;
    if (!to_flags(v[2], v[3], v[4], &flags)) return nullptr;
    efd_arena_t* const arena = arena_of(self);
    if (arena == nullptr || !to_name(v[0], &name)) return nullptr;
    PyObject* const made =
        object_from(self, name != nullptr, [&] { return efd_arena_make(arena, text_of(name), initval, flags); });
    Py_XDECREF(name);
    return made;
}

PyObject* arena_find(PyObject* self, PyObject* const* given, Py_ssize_t number, PyObject* keywords) {
    static const char* const names[] = {"name", "waiting"};
    PyObject* v[2] = {};
    bool waiting = false;
    PyObject* name = nullptr;
    if (!parse({"find", names, 2, 1}, given, number, keywords, v) || !to_bool(v[1], &waiting)) return nullptr;
    efd_arena_t* const arena = arena_of(self);
    if (arena == nullptr || !to_name(v[0], &name)) return nullptr;
    PyObject* const found = object_from(self, true, [&] {
        return waiting ? efd_arena_find_waiting(arena, text_of(name)) : efd_arena_find(arena, text_of(name));
    });
    Py_XDECREF(name);
    return found;
}

PyObject* arena_at(PyObject* self, PyObject* const* given, Py_ssize_t number, PyObject* keywords) {
    static const char* const names[] = {"id", "waiting"};
    PyObject* v[2] = {};
    std::uint64_t id = 0;
    bool waiting = false;
    if (!parse({"at", names, 2, 1}, given, number, keywords, v)) return nullptr;
    if (!to_u64(v[0], &id) || !to_bool(v[1], &waiting)) return nullptr;
    efd_arena_t* const arena = arena_of(self);
    if (arena == nullptr) return nullptr;
    return object_from(self, false,
                       [&] { return waiting ? efd_arena_at_waiting(arena, id) : efd_arena_at(arena, id); });
}

PyObject* arena_id(PyObject* self, PyObject* object) {
    efd_arena_t* const arena = arena_of(self);
    if (arena == nullptr) return nullptr;
    if (Py_TYPE(object) != state_of(self)->eventfd) {
        PyErr_SetString(PyExc_TypeError, "id() needs an efd.eventfd of this arena");
        return nullptr;
    }
    if (as<eventfd_object>(object)->efd == nullptr) return os_error(EBADF, "the eventfd is closed");
    const std::uint64_t id = efd_arena_id(arena, as<eventfd_object>(object)->efd);
    return id == 0 ? os_error(errno, "the eventfd is no object of this arena") : PyLong_FromUnsignedLongLong(id);
}

PyObject* arena_remove(PyObject* self, PyObject* given) {
    PyObject* name = nullptr;
    efd_arena_t* const arena = arena_of(self);
    if (arena == nullptr || !to_name(given, &name)) return nullptr;
    const int result = call_on(self, [&] { return efd_arena_remove(arena, text_of(name)); });
    const int error = errno;
    Py_XDECREF(name);
    if (result == raised) return nullptr;
    return result < 0 ? refused(error) : none();
}

using found_names = std::vector<std::pair<std::string, std::uint64_t>>;

PyObject* list_of(const found_names& found) {
    PyObject* const list = PyList_New(0);
    for (const auto& [name, id] : found) {
        PyObject* const text =
            PyUnicode_DecodeUTF8(name.data(), static_cast<Py_ssize_t>(name.size()), "surrogateescape");
        PyObject* const pair =
            text == nullptr ? nullptr : Py_BuildValue("(NK)", text, static_cast<unsigned long long>(id));
        if (list == nullptr || pair == nullptr || PyList_Append(list, pair) != 0) {
            Py_XDECREF(pair);
            Py_XDECREF(list);
            return nullptr;
        }
        Py_DECREF(pair);
    }
    return list;
}

PyObject* arena_list(PyObject* self, PyObject*) {
    efd_arena_t* const arena = arena_of(self);
    if (arena == nullptr) return nullptr;
    found_names found;
    const int result = call_on(self, [&] {
        found.clear();
        const auto keep = [](const char* name, std::uint64_t id, void* context) {
            static_cast<found_names*>(context)->emplace_back(name, id);
        };
        return efd_arena_list(arena, keep, &found);
    });
    if (result == raised) return nullptr;
    return result < 0 ? refused(errno) : list_of(found);
}

PyObject* arena_reap(PyObject* self, PyObject*) {
    efd_arena_t* const arena = arena_of(self);
    if (arena == nullptr) return nullptr;
    const int result = call_on(self, [&] { return efd_arena_reap(arena); });
    if (result == raised) return nullptr;
    return result < 0 ? refused(errno) : PyLong_FromLong(result);
}

PyObject* arena_make_set(PyObject* self, PyObject*) {
    efd_arena_t* const arena = arena_of(self);
    if (arena == nullptr) return nullptr;
    efd_wait_set_t* const made = efd_arena_set(arena);
    return made == nullptr ? refused(errno) : make_wait_set(state_of(self), made, self);
}

PyObject* arena_send(PyObject* self, PyObject* given) {
    int socket = -1;
    if (!to_descriptor(given, &socket) || !wait_for_socket(socket, POLLOUT)) return nullptr;
    efd_arena_t* const arena = arena_of(self);
    if (arena == nullptr) return nullptr;
    const char* refusal = nullptr;
    const int result = call_on(self, [&] {
        const int sent = efd_arena_send(arena, socket);
        if (sent < 0) refusal = efd_arena_refusal();
        return sent;
    });
    if (result == raised) return nullptr;
    return result < 0 ? os_error(errno, refusal) : none();
}

PyObject* arena_fileno(PyObject* self, PyObject*) {
    efd_arena_t* const arena = arena_of(self);
    return arena == nullptr ? nullptr : number_or_error(efd_arena_fd(arena));
}

PyObject* arena_enter(PyObject* self, PyObject*) { return arena_of(self) == nullptr ? nullptr : Py_NewRef(self); }

PyObject* arena_exit(PyObject* self, PyObject* const*, Py_ssize_t) { return arena_close(self, nullptr); }

PyObject* arena_slots_of(PyObject* self, void*) {
    efd_arena_t* const arena = arena_of(self);
    return arena == nullptr ? nullptr : number_or_error(efd_arena_slots(arena));
}

PyObject* arena_name(PyObject* self, void*) {
    PyObject* const name = as<arena_object>(self)->name;
    return Py_NewRef(name == nullptr ? Py_None : name);
}

PyObject* arena_closed(PyObject* self, void*) { return truth(as<arena_object>(self)->arena == nullptr); }

constexpr int with_keywords = METH_FASTCALL | METH_KEYWORDS;

PyMethodDef arena_methods[] = {
    {"open", method(arena_open), with_keywords | METH_CLASS,
     "open($type, /, name, *, unsealed=False, other_owner=False, trusted_mode=0)\n--\n\n"
     "The arena that living processes of this user hold under that name; FileNotFoundError if none does."},
    {"open_or_create", method(arena_open_or_create), with_keywords | METH_CLASS,
     "open_or_create($type, /, name, *, slots=0, processes=0, names=0, mode=0, sparse=False, first_look_ms=0, "
     "last_look_ms=0, sets=0, unsealed=False, other_owner=False, trusted_mode=0)\n--\n\n"
     "As open(), or a new one where there is none."},
    {"attach", method(arena_attach), with_keywords | METH_CLASS,
     "attach($type, /, fd, offset=None, *, unsealed=False, other_owner=False, trusted_mode=0)\n--\n\n"
     "The arena of a descriptor that came from elsewhere, which stays yours; with offset the one placed there."},
    {"place", method(arena_place), with_keywords | METH_CLASS,
     "place($type, /, fd, offset, *, slots=0, processes=0, names=0, mode=0, sparse=False, first_look_ms=0, "
     "last_look_ms=0, sets=0, unsealed=False, other_owner=False, trusted_mode=0)\n--\n\n"
     "A new arena in a part of a memfd; what stands there is overwritten."},
    {"receive", method(arena_receive), with_keywords | METH_CLASS,
     "receive($type, /, socket, *, unsealed=False, other_owner=False, trusted_mode=0)\n--\n\n"
     "The arena of one message of send() on a unix socket."},
    {"send", arena_send, METH_O, "send($self, socket, /)\n--\n\nSends the arena over a unix socket, in one message."},
    {"make", method(arena_make), with_keywords,
     "make($self, /, name=None, initval=0, flags=0, *, semaphore=False, nonblock=False)\n--\n\n"
     "A new object. With a name it lives until that is removed; else as long as a process holds it."},
    {"find", method(arena_find), with_keywords,
     "find($self, /, name, *, waiting=False)\n--\n\nThe object of that name; waiting: this process will not signal "
     "it."},
    {"at", method(arena_at), with_keywords,
     "at($self, /, id, *, waiting=False)\n--\n\nThe object of that id(); OSError(ESTALE) if it is gone."},
    {"id", arena_id, METH_O, "id($self, object, /)\n--\n\nA number by which at() finds the object in any process."},
    {"remove", arena_remove, METH_O, "remove($self, name, /)\n--\n\nTakes the name away from its object."},
    {"list", arena_list, METH_NOARGS, "list($self, /)\n--\n\nPairs of name and id, of this moment."},
    {"reap", arena_reap, METH_NOARGS,
     "reap($self, /)\n--\n\nFrees what killed processes have held; how many they were."},
    {"make_set", arena_make_set, METH_NOARGS,
     "make_set($self, /)\n--\n\nA wait_set for objects of this arena, beside private objects and sets."},
    {"fileno", arena_fileno, METH_NOARGS, "fileno($self, /)\n--\n\nThe descriptor of the memory; the arena's own."},
    {"close", arena_close, METH_NOARGS,
     "close($self, /)\n--\n\nGives the arena back; objects that this process holds keep the memory."},
    {"__enter__", arena_enter, METH_NOARGS, "__enter__($self, /)\n--\n\nThe arena itself."},
    {"__exit__", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(arena_exit)), METH_FASTCALL,
     "__exit__($self, /, *exception)\n--\n\nCloses."},
    {nullptr, nullptr, 0, nullptr},
};
PyGetSetDef arena_properties[] = {
    {"name", arena_name, nullptr, "The name that it was made or opened by, or None.", nullptr},
    {"slots", arena_slots_of, nullptr, "How many objects it has room for.", nullptr},
    {"closed", arena_closed, nullptr, "Whether close() was called.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};
PyMemberDef arena_members[] = {
    {"__weaklistoffset__", T_PYSSIZET, offsetof(arena_object, weak_refs), READONLY, nullptr},
    {nullptr, 0, 0, 0, nullptr},
};
constexpr const char* arena_text =
    "arena(name=None, *, slots=0, processes=0, names=0, mode=0, sparse=False, first_look_ms=0, last_look_ms=0, "
    "sets=0)\n--\n\nA new arena: eventfds in memory that processes share. 0 stands for what is usual; options as in\n"
    "<efd/arena.h>. Without a name it is for children of fork, for send(), and for multiprocessing.";
PyType_Slot arena_slots[] = {
    {Py_tp_doc, const_cast<char*>(arena_text)},
    {Py_tp_new, reinterpret_cast<void*>(arena_new)},
    {Py_tp_dealloc, reinterpret_cast<void*>(arena_dealloc)},
    {Py_tp_methods, arena_methods},
    {Py_tp_getset, arena_properties},
    {Py_tp_members, arena_members},
    {0, nullptr},
};
PyType_Spec arena_spec = {"efd.arena", sizeof(arena_object), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
                          arena_slots};

} // namespace

PyTypeObject* make_arena_type(PyObject* module) {
    return as<PyTypeObject>(PyType_FromModuleAndSpec(module, &arena_spec, nullptr));
}

} // namespace efd_python
