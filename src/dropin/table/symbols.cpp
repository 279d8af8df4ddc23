// SPDX-License-Identifier: MIT
// dropin/table/symbols.cpp: see symbols.hpp. The tables are those of the ELF gABI and of GNU's hash sections.
#include "dropin/table/symbols.hpp"

#include <efd/detail/base/atomic.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <dlfcn.h>
#include <link.h>
#include <sys/auxv.h>

namespace efd::dropin {
namespace {

using address = std::uintptr_t;
using symbol = ElfW(Sym);

constexpr std::uint16_t version_hidden = 0x8000;
constexpr std::uint16_t first_own_version = 2; // below it: of no version

constexpr std::uint32_t hash_of(const char* name) noexcept {
    std::uint32_t hash = 5381;
    for (; *name != '\0'; ++name) hash = hash * 33 + static_cast<unsigned char>(*name);
    return hash;
}
static_assert(hash_of("") == 0x1505 && hash_of("printf") == 0x156b2bb8 && hash_of("syscall") == 0xbac212a0);

// libc's own text functions may be interposed by a sanitizer or a wrapper, which call dlsym() for the next definition.
// Is `text` in the `room` bytes at `at`, up to their zero or their end?
bool is_text(const char* at, std::size_t room, const char* text) noexcept {
    for (std::size_t i = 0; i < room; ++i) {
        if (at[i] != text[i]) return false;
        if (text[i] == '\0') return true;
    }
    return true;
}

// The part of a path after its last slash.
const char* base_name(const char* path) noexcept {
    const char* name = path;
    for (const char* at = path; *at != '\0'; ++at)
        if (*at == '/') name = at + 1;
    return name;
}

template <class T>
const T* pointer(address at) noexcept {
    return reinterpret_cast<const T*>(at); // NOLINT(performance-no-int-to-ptr): the loader's
}

// The tables of one object. A name is found by GNU's hash table. An object that has only the old one is searched from
// the first symbol to the last. If it has neither, `buckets_` is null and `all_` is zero.
class symbol_table {
  public:
    explicit symbol_table(const link_map& object) noexcept : base_(object.l_addr) {
        const std::uint32_t* hash = nullptr;
        const std::uint32_t* old_hash = nullptr;
        for (const ElfW(Dyn)* entry = object.l_ld; entry != nullptr && entry->d_tag != DT_NULL; ++entry) {
            switch (entry->d_tag) {
            case DT_GNU_HASH: hash = pointer<std::uint32_t>(loaded(entry->d_un.d_ptr)); break;
            case DT_HASH: old_hash = pointer<std::uint32_t>(loaded(entry->d_un.d_ptr)); break;
            case DT_STRTAB: names_ = pointer<char>(loaded(entry->d_un.d_ptr)); break;
            case DT_STRSZ: names_size_ = entry->d_un.d_val; break;
            case DT_SYMTAB: symbols_ = pointer<symbol>(loaded(entry->d_un.d_ptr)); break;
            case DT_VERSYM: versions_ = pointer<std::uint16_t>(loaded(entry->d_un.d_ptr)); break;
            default: break;
            }
        }
        if (names_ == nullptr || symbols_ == nullptr) return;
        if (hash != nullptr)
            use_hashes(hash);
        else if (old_hash != nullptr)
            all_ = old_hash[1];
    }

    [[nodiscard]] const symbol* find(const char* name, std::uint32_t hash) const noexcept {
        return buckets_ == nullptr ? find_among_all(name) : find_hashed(name, hash);
    }

    // The nearest symbol before the code at `where` that contains it.
    [[nodiscard]] const symbol* around(address where) const noexcept {
        const symbol* nearest = nullptr;
        const std::uint32_t past = end();
        for (std::uint32_t at = first_; at < past; ++at) {
            const symbol& one = symbols_[at];
            if (!is_defined(one) || one.st_name >= names_size_ ||
                where - value(one) >= std::max<address>(one.st_size, 1))
                continue;
            if (nearest == nullptr || nearest->st_value < one.st_value) nearest = &one;
        }
        return nearest;
    }

    [[nodiscard]] address value(const symbol& one) const noexcept { return base_ + one.st_value; }
    [[nodiscard]] const char* name(const symbol& one) const noexcept { return names_ + one.st_name; }

  private:
    void use_hashes(const std::uint32_t* hash) noexcept {
        if (hash[0] == 0) return;
        buckets_number_ = hash[0];
        first_ = hash[1];
        buckets_ = hash + 4 + hash[2] * (sizeof(address) / sizeof *hash); // behind a filter for quick misses
        chains_ = buckets_ + buckets_number_;
    }

    [[nodiscard]] bool has_name(std::size_t from, const char* name) const noexcept {
        return from < names_size_ && is_text(names_ + from, names_size_ - from, name);
    }
    [[nodiscard]] bool is_named(std::uint32_t at, const char* name) const noexcept {
        return is_default(at) && is_defined(symbols_[at]) && has_name(symbols_[at].st_name, name);
    }
    [[nodiscard]] const symbol* find_hashed(const char* name, std::uint32_t hash) const noexcept {
        std::uint32_t at = buckets_[hash % buckets_number_];
        if (at < first_) return nullptr; // empty
        for (;; ++at) {
            const std::uint32_t link = chains_[at - first_];
            if ((link | 1) == (hash | 1) && is_named(at, name)) return &symbols_[at];
            if ((link & 1) != 0) return nullptr;
        }
    }
    [[nodiscard]] const symbol* find_among_all(const char* name) const noexcept {
        for (std::uint32_t at = 0; at < all_; ++at)
            if (is_named(at, name)) return &symbols_[at];
        return nullptr;
    }

    // The loader has turned offsets into addresses, if the memory is writable.
    [[nodiscard]] address loaded(address at) const noexcept { return at < base_ ? base_ + at : at; }

    [[nodiscard]] bool is_default(std::uint32_t at) const noexcept {
        if (versions_ == nullptr) return true;
        const std::uint16_t version = versions_[at];
        return (version & version_hidden) == 0 || (version & ~version_hidden) < first_own_version;
    }
    [[nodiscard]] static bool is_defined(const symbol& one) noexcept {
        return one.st_shndx != SHN_UNDEF && one.st_value != 0 && (one.st_info & 0xf) != STT_TLS &&
               one.st_info >> 4 != STB_LOCAL;
    }
    // One past the last symbol. In GNU's table the chain of the last bucket ends there.
    [[nodiscard]] std::uint32_t end() const noexcept {
        if (buckets_ == nullptr) return all_;
        std::uint32_t last = *std::max_element(buckets_, buckets_ + buckets_number_);
        if (last < first_) return first_;
        while ((chains_[last - first_] & 1) == 0) ++last;
        return last + 1;
    }

    address base_;
    const char* names_ = nullptr;
    std::size_t names_size_ = 0;
    const symbol* symbols_ = nullptr;
    const std::uint16_t* versions_ = nullptr;
    const std::uint32_t* buckets_ = nullptr;
    const std::uint32_t* chains_ = nullptr;
    std::uint32_t buckets_number_ = 0;
    std::uint32_t first_ = 0;
    std::uint32_t all_ = 0;
};

const link_map* our_own() noexcept {
    const link_map* one = _r_debug.r_map;
    while (one != nullptr && one->l_ld != _DYNAMIC) one = one->l_next;
    return one;
}

constexpr char libc_name[] = "libc.so.6";

void* address_of(address at, bool is_chosen_late) noexcept {
    if (!is_chosen_late) return reinterpret_cast<void*>(at);      // NOLINT(performance-no-int-to-ptr)
    using chooser = void*(unsigned long);                         // STT_GNU_IFUNC
    return reinterpret_cast<chooser*>(at)(::getauxval(AT_HWCAP)); // NOLINT(performance-no-int-to-ptr)
}

void* symbol_of(const link_map& object, const char* name, std::uint32_t hash) noexcept {
    const symbol_table its(object);
    const symbol* const found = its.find(name, hash);
    return found == nullptr ? nullptr : address_of(its.value(*found), (found->st_info & 0xf) == STT_GNU_IFUNC);
}

// If no object has the name, then no caller can have reached the loader by it.
void* finds_nothing(void* /*handle*/, const char* /*name*/) { return nullptr; }
void* finds_no_version(void* /*handle*/, const char* /*name*/, const char* /*version*/) { return nullptr; }

template <class Call>
Call* loaders(base::atomic<Call*>& kept, const char* name, Call* fallback) noexcept {
    if (Call* const known = kept.load(base::relaxed); known != nullptr) return known;
    void* const found = next_symbol(name);
    Call* const call = found == nullptr ? fallback : reinterpret_cast<Call*>(found);
    kept.store(call, base::relaxed); // concurrent callers find the same
    return call;
}

} // namespace

void* next_symbol(const char* name) noexcept {
    const link_map* const own = our_own();
    const std::uint32_t hash = hash_of(name);
    bool is_behind = false;
    // Every program depends on the C library and the loader. What is behind both may be an object that is closed again.
    int awaited = own == nullptr ? 0 : 2;
    for (const link_map* one = _r_debug.r_map; one != nullptr && awaited > 0; one = one->l_next) {
        const bool is_libc = is_text(base_name(one->l_name), sizeof libc_name, libc_name);
        if (is_libc || one->l_addr == _r_debug.r_ldbase) --awaited;
        // A C library that is preloaded before the drop-in is reached by look-ups alone.
        if (is_behind || is_libc)
            if (void* const found = symbol_of(*one, name, hash); found != nullptr) return found;
        is_behind = is_behind || one == own;
    }
    return nullptr;
}

void* ours_instead_of(void* found, const char* name) noexcept {
    const link_map* const own = our_own();
    if (found == nullptr || name == nullptr || own == nullptr) return found;
    void* const ours = symbol_of(*own, name, hash_of(name));
    return ours != nullptr && next_symbol(name) == found ? ours : found;
}

dlsym_call* real_dlsym() noexcept {
    static constinit base::atomic<dlsym_call*> kept{nullptr};
    return loaders(kept, "dlsym", finds_nothing);
}
dlvsym_call* real_dlvsym() noexcept {
    static constinit base::atomic<dlvsym_call*> kept{nullptr};
    return loaders(kept, "dlvsym", finds_no_version);
}

bool find_place(const void* address, code_place& found) noexcept {
#ifdef DLFO_STRUCT_HAS_EH_DBASE
    dl_find_object its; // NOLINT(cppcoreguidelines-pro-type-member-init): a compiler may call memset for that
    if (::_dl_find_object(const_cast<void*>(address), &its) != 0) return false;
    const symbol_table table(*its.dlfo_link_map);
    const symbol* const around = table.around(reinterpret_cast<std::uintptr_t>(address));
    const void* const from = around == nullptr ? its.dlfo_map_start : address_of(table.value(*around), false);
    found = {base_name(its.dlfo_link_map->l_name), around == nullptr ? nullptr : table.name(*around), 0};
#else // takes the loader's lock
    Dl_info its{};
    if (::dladdr(address, &its) == 0 || its.dli_fname == nullptr) return false;
    const void* const from = its.dli_sname == nullptr ? its.dli_fbase : its.dli_saddr;
    // For the program itself the loader returns this pointer.
    found = {its.dli_fname == ::program_invocation_name ? "" : base_name(its.dli_fname), its.dli_sname, 0};
#endif
    found.offset = static_cast<std::size_t>(static_cast<const char*>(address) - static_cast<const char*>(from));
    return true;
}

} // namespace efd::dropin
