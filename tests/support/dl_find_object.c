/* SPDX-License-Identifier: MIT */
/* tests/support/dl_find_object.c: _dl_find_object for a libc that has none.

   The unwinder in Debian's libgcc_eh.a is built for a glibc with this function, and finds the frames of a program
   through it alone. This one asks dl_iterate_phdr, which every libc with shared objects has, each time. Any thread may
   call it. The struct is that of glibc's <dlfcn.h> on x86-64 and aarch64; the unwinder reads one member of it. */
#define _GNU_SOURCE
#include <link.h>
#include <stddef.h>
#include <stdint.h>

struct dl_find_object {
    unsigned long long dlfo_flags;
    void* dlfo_map_start;
    void* dlfo_map_end;
    struct link_map* dlfo_link_map;
    void* dlfo_eh_frame; /* the segment PT_GNU_EH_FRAME */
    unsigned long long dlfo_reserved[7];
};

struct search {
    uintptr_t address;
    struct dl_find_object* found;
};

/* Ends the walk, with 1, at the object that has the address. */
static int look_at(struct dl_phdr_info* object, size_t size, void* data) {
    const struct search* const search = data;
    const ElfW(Phdr)* const end = object->dlpi_phdr + object->dlpi_phnum;
    const ElfW(Phdr) * segment;
    void* eh_frame = NULL;
    int has_address = 0;
    (void)size;
    for (segment = object->dlpi_phdr; segment != end; ++segment) {
        const uintptr_t begin = object->dlpi_addr + segment->p_vaddr;
        if (segment->p_type == PT_LOAD && search->address - begin < segment->p_memsz) has_address = 1;
        if (segment->p_type == PT_GNU_EH_FRAME) eh_frame = (void*)begin;
    }
    if (has_address) search->found->dlfo_eh_frame = eh_frame;
    return has_address;
}

int _dl_find_object(void* address, struct dl_find_object* result);
int _dl_find_object(void* address, struct dl_find_object* result) {
    struct search search = {(uintptr_t)address, result};
    result->dlfo_eh_frame = NULL;
    return dl_iterate_phdr(look_at, &search) == 1 ? 0 : -1;
}
