// SPDX-License-Identifier: MIT
// file/anon_fd.cpp: see anon_fd.hpp.
#include "file/anon_fd.hpp"

#include "file/descriptor_table.hpp"
#include "os/errno.hpp"
#include "os/eventfd.hpp"
#include "os/fd.hpp"
#include "os/memory.hpp"
#include "os/plain_eventfd.hpp"
#include "watch/doorbell.hpp"

#include <utility>

namespace efd::file {

using base::status;

namespace {

// A number that the destructor gives back, unless keep() was called.
class taken_number {
  public:
    explicit taken_number(int fd) noexcept : fd_(fd) {}
    ~taken_number() {
        if (fd_ >= 0) (void)os::give_number_back(fd_);
    }
    taken_number& operator=(taken_number&&) = delete; // neither copied nor moved

    [[nodiscard]] int get() const noexcept { return fd_; }
    int keep() noexcept { return std::exchange(fd_, -1); }

  private:
    int fd_;
};

// A file for the object, in the table under this number. Takes over the caller's reference on success.
status install_new(core::context& object, watch::ring_way way, int fd, bool inherited) noexcept {
    descriptor_table& table = descriptor_table::instance();
    if (const status result = table.make_place(fd); result != status::ok) return result;
    const watch::doorbell::lent_number number{
        fd, table.owner_of(fd), inherited, way, &descriptor_table::dup_onto_all, &descriptor_table::dup_kept};
    if (const status result = watch::doorbell::adopt(object, number); result != status::ok) return result;
    open_file* const file = open_file::of(object);
    if (file == nullptr) return status::no_memory;
    file->init(object);
    table.install(fd, *file);
    return status::ok;
}

// For a file whose doorbell has been used: whether the number still names it.
bool is_of(open_file& file, int fd) noexcept {
    file.repair_in_child();
    const int own = file.doorbell_fd();
    if (own != fd) return os::same_file(fd, own) || (own < 0 && os::is_marked(fd)); // or it is lost
    watch::doorbell::end_use_of_lent_number(file.object());
    return true;
}

// False: the number must not be closed. A number of the kernel's own eventfd, and one that no call has named before,
// have no mark to check: they are closed, as close(2) does.
bool forget_number(int fd) noexcept {
    descriptor_table& table = descriptor_table::instance();
    const bool is_installed = table.is_installed(fd);
    const file_reference closed = table.take(fd);
    if (!closed || !is_installed) return false;
    return closed->is_of_kernel() || !closed->is_used() || is_of(*closed, fd);
}

} // namespace

status make_descriptor(unsigned initval, unsigned flags, watch::ring_way way, int& fd) noexcept {
    core::context* const object = core::context::create(initval, flags);
    if (object == nullptr) return status::no_memory;
    const bool inherited = (flags & core::flag_cloexec) == 0;
    taken_number number(os::eventfd_create(initval > 0, !inherited));
    status result = number.get() < 0 ? os::status_of(number.get()) : status::ok;
    if (result == status::ok) {
        os::probe_user_limit(number.get());
        result = install_new(*object, way, number.get(), inherited);
    }
    if (result != status::ok) {
        object->put();
        return result;
    }
    fd = number.keep();
    return status::ok;
}

status make_kernel_descriptor(unsigned initval, unsigned flags, int& fd) noexcept {
    const int made = os::make_plain_eventfd(initval, static_cast<int>(flags));
    if (made < 0) return os::status_of(made);
    const status result = install_dup(made, open_file::of_kernel());
    if (result == status::ok) fd = made;
    return result;
}

status install_dup(int fd, open_file& file) noexcept {
    taken_number number(fd);
    if (const status result = descriptor_table::instance().make_place(fd); result != status::ok) return result;
    file.get();
    if (!file.is_of_kernel()) watch::doorbell::let_inherit(file.object());
    descriptor_table::instance().install(number.keep(), file);
    return status::ok;
}

// The number leaves the table, and the last number releases the file, before the number is free. So the next owner of
// the number finds no trace.
bool close_descriptor(int fd) noexcept { return forget_number(fd) && os::give_number_back(fd); }

} // namespace efd::file
