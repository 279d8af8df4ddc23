// file/descriptor_table.cpp: see descriptor_table.hpp.
//
// In the child of a fork every number still names the parent's bell. The child has objects of its own, whose doorbells
// make bells of their own (watch/doorbell.cpp); what is left is to put those behind our numbers. Numbers that were
// closed behind our back may name anything by then: those are dropped first, while the bells still tell.
#include "file/descriptor_table.hpp"

#include "os/file_number.hpp"
#include "os/memory.hpp"

#include <pthread.h>

namespace efd::file {

using base::status;

namespace {

// Lives as long as the process, as context_table does.
union immortal_table {
    descriptor_table value{};
    constexpr immortal_table() noexcept {}
    ~immortal_table() {} // NOLINT(modernize-use-equals-default): the member must not be destroyed
};
immortal_table table;

} // namespace

descriptor_table& descriptor_table::instance() noexcept { return table.value; }

descriptor_table::place* descriptor_table::place_of(int fd) noexcept {
    const auto number = static_cast<unsigned>(fd);
    if (number / slab_places >= slabs_most) return nullptr;
    place* const slab = slabs_[number / slab_places].load(base::acquire);
    return slab == nullptr ? nullptr : slab + number % slab_places;
}

// FDGET: the place is read again after the reference: a file that was closed and reborn meanwhile is met dead, or at
// another number, or rightly here. Who meets it dead sees that its place was emptied: so the next look finds another.
file_reference descriptor_table::get(int fd) noexcept {
    place* const here = place_of(fd);
    if (here == nullptr) return file_reference(nullptr);
    open_file* found = here->load(base::acquire);
    while (found != nullptr) {
        if (found->get_unless_zero()) {
            file_reference mine(found);
            open_file* const again = here->load(base::acquire);
            if (again == found) return mine;
            found = again;
            continue;
        }
        found = here->load(base::acquire);
    }
    return file_reference(nullptr);
}

status descriptor_table::reserve(int fd) noexcept {
    if (place_of(fd) != nullptr) return status::ok;
    const unsigned slab = static_cast<unsigned>(fd) / slab_places;
    if (slab >= slabs_most) return status::no_descriptor;
    const std::lock_guard guard(growing_);
    if (slabs_[slab].load(base::acquire) != nullptr) return status::ok;
    void* const memory = os::map_zeroed(slab_places * sizeof(place));
    if (memory == nullptr) return status::no_memory;
    auto* const places = static_cast<place*>(memory);
    for (unsigned i = 0; i < slab_places; ++i) new (places + i) place(nullptr);
    slabs_[slab].store(places, base::release);
    handle_forks();
    return status::ok;
}

void descriptor_table::install(int fd, open_file& file) noexcept {
    const file_reference stale(place_of(fd)->exchange(&file, base::acq_rel)); // FDGET, install
}

file_reference descriptor_table::take(int fd) noexcept {
    place* const here = place_of(fd);
    return file_reference(here == nullptr ? nullptr : here->exchange(nullptr, base::acq_rel)); // FDGET, take
}

template <class Visit>
void descriptor_table::for_each(Visit visit) noexcept {
    for (unsigned slab = 0; slab < slabs_most; ++slab) {
        place* const places = slabs_[slab].load(base::acquire);
        for (unsigned i = 0; places != nullptr && i < slab_places; ++i)
            if (open_file* const file = places[i].load(base::acquire); file != nullptr)
                visit(static_cast<int>(slab * slab_places + i), *file);
    }
}

void descriptor_table::drop_strangers() noexcept {
    for_each([this](int fd, open_file& file) {
        if (!os::same_file(fd, file.bell())) (void)take(fd);
    });
}

void descriptor_table::renew_numbers() noexcept {
    for_each([](int fd, open_file& file) { os::put_behind(file.bell(), fd); });
}

void descriptor_table::lock() noexcept {
    growing_.lock();
    open_file::lock_places();
}

void descriptor_table::unlock() noexcept {
    open_file::unlock_places();
    growing_.unlock();
}

// What is registered runs in the child in the order of registration: this one before any doorbell's ...
[[maybe_unused]] const int descriptor_table::before_bells =
    ::pthread_atfork([] { instance().lock(); }, [] { instance().unlock(); },
                     [] {
                         instance().unlock();
                         instance().drop_strangers();
                     });

// ... and this one after them: the first number comes after the first doorbell.
void descriptor_table::handle_forks() noexcept {
    [[maybe_unused]] static const int after_bells =
        ::pthread_atfork(nullptr, nullptr, [] { instance().renew_numbers(); });
}

} // namespace efd::file
