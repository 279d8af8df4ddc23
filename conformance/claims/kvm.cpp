// SPDX-License-Identifier: MIT
// conformance/claims/kvm.cpp: section K of docs/semantics.md, a virtual machine of KVM as consumer of an eventfd
// (irqfd).
//
// Owns K-145 to K-147. An irqfd is a wait-queue entry that reads the count inside the wake. The machine has an
// interrupt controller and nothing else, and never runs. Without KVM, or if it refuses a machine, not provoked.
// Invariant: what the wake consumed is gone when the write has returned; only detaching at the last close is later.
#include "conformance/framework/claim.hpp"
#include "conformance/framework/descriptor_calls.hpp"
#include "conformance/framework/epoll_watch.hpp"
#include "conformance/framework/object_ids.hpp"
#include "conformance/framework/task.hpp"

#include <fcntl.h>
#include <linux/kvm.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <vector>

namespace efd::claims {

namespace {

class virtual_machine {
  public:
    // Ends the trial if there can be none.
    explicit virtual_machine(trial& t) {
        const int kvm = ::open("/dev/kvm", O_RDWR | O_CLOEXEC);
        if (kvm < 0) t.not_here("/dev/kvm cannot be opened");
        vm_ = ::ioctl(kvm, KVM_CREATE_VM, 0);
        if (vm_ < 0) t.not_here("KVM refuses to create a virtual machine");
        if (::ioctl(vm_, KVM_CREATE_IRQCHIP, 0) != 0) t.not_here("KVM refuses to create an interrupt controller");
    }
    int attach(int fd, std::uint32_t interrupt = 5) const { return irqfd(fd, interrupt, 0); }
    int detach(int fd, std::uint32_t interrupt = 5) const { return irqfd(fd, interrupt, KVM_IRQFD_FLAG_DEASSIGN); }

  private:
    int irqfd(int fd, std::uint32_t interrupt, std::uint32_t flags) const {
        kvm_irqfd request{};
        request.fd = static_cast<std::uint32_t>(fd);
        request.gsi = interrupt;
        request.flags = flags;
        return error_of(::ioctl(vm_, KVM_IRQFD, &request));
    }

    int vm_ = -1;
};

void consumes_in_the_wake(trial& t, const virtual_machine& vm) {
    auto o = t.make(0, EFD_NONBLOCK);
    const int fd = o->descriptor();
    epoll_watch earlier(fd, epoll_in | epoll_edge);
    t.expect_error(vm.attach(fd), 0, "attach");
    epoll_watch later(fd, epoll_in | epoll_edge);
    std::uint64_t value = 0;
    for (const std::uint64_t written : {std::uint64_t{5}, std::uint64_t{1}, full_count}) {
        t.expect_error(o->write(written), 0, "write");
        t.expect_equal(o->count(), 0, "count after a write");
        t.expect_error(o->read(value), EAGAIN, "read after a write");
        t.expect_equal(o->poll(), POLLOUT, "poll after a write");
        t.expect_equal(earlier.now(), nothing, "event for a watch that was there before");
        t.expect_equal(later.now(), nothing, "event for a watch that came later");
    }
    const int refused = o->signal();
    if (refused != ENOSYS) {
        t.expect_error(refused, 0, "signal");
        t.expect_equal(o->count(), 0, "count after a signal of the kernel");
        t.expect_equal(earlier.now(), nothing, "event of a signal of the kernel");
    }
    t.expect_error(vm.detach(fd), 0, "detach");
    t.expect_error(o->write(5), 0, "write after detach");
    t.expect_equal(o->count(), 5, "count after detach");
    t.expect_equal(earlier.now(), epoll_in, "event after detach");
    t.expect_equal(later.now(), epoll_in, "event of the later watch after detach");
}

} // namespace

CLAIM(K_145, descriptor,
      "a KVM irqfd consumes in the wake itself: after a write the count is 0, and no watcher is told") {
    const virtual_machine vm(t);
    consumes_in_the_wake(t, vm);

    auto units = t.make(0, EFD_NONBLOCK | EFD_SEMAPHORE);
    t.expect_error(vm.attach(units->descriptor()), 0, "attach of a semaphore");
    t.expect_error(units->write(5), 0, "write to the semaphore");
    t.expect_equal(units->count(), 4, "count of the semaphore: one is consumed by each wake");
    t.expect_error(units->write(0), 0, "write(0) to the semaphore");
    t.expect_equal(units->count(), 3, "count of the semaphore after a second wake");

    auto before = t.make(3, EFD_NONBLOCK);
    t.expect_error(vm.attach(before->descriptor()), 0, "attach at count 3");
    t.expect_equal(before->count(), 3, "count after attach at count 3");
    t.expect_error(before->write(1), 0, "the next write");
    t.expect_equal(before->count(), 0, "count after the next write");
    t.expect_error(vm.detach(before->descriptor()), 0, "detach");

    // Detaching removes the entry and reads once more through it (K-152); what is written later stays.
    t.expect_error(vm.detach(units->descriptor()), 0, "detach of the semaphore");
    t.expect_equal(units->count(), 2, "count of the semaphore after detach");
    t.expect_error(units->write(5), 0, "write to the semaphore after detach");
    t.expect_equal(units->count(), 7, "count of the semaphore after detach and write");
    t.expect_error(before->write(3), 0, "write after detach");
    t.expect_error(vm.attach(before->descriptor()), 0, "attach again at count 3");
    t.expect_equal(before->count(), 3, "count after attach again");
    t.expect_error(vm.detach(before->descriptor()), 0, "detach without a wake between");
    t.expect_equal(before->count(), 0, "count after detach without a wake between");
}

CLAIM(K_146, descriptor, "KVM_IRQFD: not an eventfd EINVAL, bad descriptor EBADF, the same eventfd twice EBUSY") {
    const virtual_machine vm(t);
    const int epoll = ::epoll_create1(0);
    t.expect_error(vm.attach(epoll), EINVAL, "attach of what is not an eventfd");
    ::close(epoll);
    t.expect_error(vm.attach(epoll), EBADF, "attach of a closed descriptor");
    auto o = t.make(0);
    const int fd = o->descriptor();
    t.expect_error(vm.attach(fd), 0, "attach");
    t.expect_error(vm.attach(fd), EBUSY, "attach a second time");
    t.expect_error(vm.attach(::dup(fd), 6), EBUSY, "attach of a dup, to another interrupt");
    const virtual_machine another(t);
    if (kernel_at_least(6, 17)) t.expect_error(another.attach(fd), EBUSY, "attach to another machine");
    t.expect_error(vm.detach(fd), 0, "detach");
    t.expect_error(another.attach(fd), 0, "attach to another machine after detach");
}

CLAIM(K_147, descriptor, "closing the last descriptor detaches the irqfd: the id is free again") {
    const virtual_machine vm(t);
    std::vector<int> others;
    std::vector<int> ids;
    for (std::size_t i = 0; i < enough_ids; ++i) {
        const int fd = ::eventfd(0, EFD_NONBLOCK);
        others.push_back(::dup(fd));
        ids.push_back(id_of(fd));
        t.expect_error(vm.attach(fd), 0, "attach");
        ::close(fd);
    }
    t.expect(!any_is_free(t, ids), "the ids are taken while a dup of each is open");
    for (const int other : others) {
        t.expect_error(add_to(other, 5), 0, "write through the dup");
        t.expect_equal(count_of(other), 0, "still attached while a dup is open");
        ::close(other);
    }
    t.expect(any_becomes_free(t, ids), "ids are free after the last close");
}

} // namespace efd::claims
