// file/anon_fd.cpp: see anon_fd.hpp.
#include "file/anon_fd.hpp"

#include "file/descriptor_table.hpp"
#include "os/descriptor.hpp"
#include "os/file_number.hpp"
#include "os/user_memory.hpp"
#include "watch/doorbell.hpp"

#include <cerrno>
#include <utility>

namespace efd::file {

using base::status;

namespace {

// A number that is given back unless it is kept.
class taken_number {
  public:
    explicit taken_number(int fd) noexcept : fd_(fd) {}
    ~taken_number() {
        if (fd_ >= 0) os::give_number_back(fd_);
    }
    taken_number(const taken_number&) = delete;
    taken_number& operator=(const taken_number&) = delete;

    [[nodiscard]] int get() const noexcept { return fd_; }
    int keep() noexcept { return std::exchange(fd_, -1); }

  private:
    int fd_;
};

// The object's own number for its bell, from here on with the object.
status give_bell(core::context& object, watch::ring_way way, int fd, int& bell) noexcept {
    taken_number apart(os::take_number_apart(fd));
    if (apart.get() < 0) return refusal_of(apart.get());
    if (const status end = watch::doorbell::adopt(object, apart.get(), fd, &descriptor_table::follow, way);
        end != status::ok)
        return end;
    bell = apart.keep();
    return status::ok;
}

// A file for the object, in the table under this number; takes over the caller's reference on success.
status install_new(core::context& object, watch::ring_way way, int fd) noexcept {
    int bell = -1;
    if (const status end = give_bell(object, way, fd, bell); end != status::ok) return end;
    if (const status end = descriptor_table::instance().reserve(fd); end != status::ok) return end;
    open_file* const file = open_file::make();
    if (file == nullptr) return status::no_memory;
    file->init(object, bell);
    descriptor_table::instance().install(fd, *file);
    return status::ok;
}

} // namespace

status refusal_of(int negative_errno) noexcept {
    switch (-negative_errno) {
    case EMFILE: return status::no_descriptor;
    case ENFILE: return status::table_full;
    case EBADF: return status::bad_descriptor;
    case EINVAL: return status::invalid;
    default: return status::no_memory;
    }
}

status make_descriptor(unsigned initval, unsigned flags, watch::ring_way way, int& fd) noexcept {
    core::context* const object = core::context::create(initval, flags);
    if (object == nullptr) return status::no_memory;
    taken_number number(os::take_number(initval > 0, (flags & core::flag_cloexec) != 0));
    status end = number.get() < 0 ? refusal_of(number.get()) : status::ok;
    if (end == status::ok) {
        os::learn_border(number.get());
        end = install_new(*object, way, number.get());
    }
    if (end != status::ok) {
        object->put();
        return end;
    }
    if ((flags & core::flag_cloexec) == 0) watch::doorbell::let_inherit(*object);
    fd = number.keep();
    return status::ok;
}

status install_dup(int fd, open_file& file) noexcept {
    taken_number number(fd);
    if (const status end = descriptor_table::instance().reserve(fd); end != status::ok) return end;
    file.get();
    watch::doorbell::let_inherit(file.object());
    descriptor_table::instance().install(number.keep(), file);
    return status::ok;
}

// The number leaves the table before it is free, so that whoever gets it next finds no trace. Its bell is marked,
// unless it ends right here.
bool close_descriptor(int fd) noexcept {
    descriptor_table& table = descriptor_table::instance();
    const bool is_installed = table.is_installed(fd);
    const file_reference closed = table.take(fd);
    if (!closed) return false;
    closed->come_home();
    if (!is_installed || !os::same_file(fd, closed->bell())) return false;
    if (closed->is_last() && closed->object().references() == 1)
        watch::doorbell::trust(closed->object());
    else
        (void)watch::doorbell::prove(closed->object());
    os::note_owner(fd, nullptr);
    os::give_number_back(fd);
    return true;
}

} // namespace efd::file
