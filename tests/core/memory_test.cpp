// SPDX-License-Identifier: MIT
// tests/core/memory_test.cpp: what happens when memory runs out: an error, nothing leaked, and all is well afterwards.
//
// The test stands between the library and its two ways to memory, operator new and mmap, which the linker leads here
// (--wrap; a sanitizer's own stay behind them). Each refuses the calling thread while a refusal is in force.
#include <efd/efd.h>
#include <efd/eventfd.hpp>
#include <efd/wait_set.hpp>

#include "api/internal_access.hpp"
#include "core/ida.hpp"
#include "support/called_entry.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <new>
#include <sys/mman.h>
#include <vector>

namespace {

thread_local bool refuse_new = false;
thread_local bool refuse_map = false;

// Refuses memory of one kind to this thread, for as long as it lives.
class refusal {
  public:
    explicit refusal(bool& what) : what_(what) { what_ = true; }
    ~refusal() { what_ = false; }
    refusal& operator=(refusal&&) = delete; // neither copied nor moved

  private:
    bool& what_;
};

} // namespace

// NOLINTBEGIN(bugprone-reserved-identifier): these names are the linker's
extern "C" {
void* __real_mmap(void* where, std::size_t bytes, int protection, int flags, int file, off_t offset);
void* __wrap_mmap(void* where, std::size_t bytes, int protection, int flags, int file, off_t offset);
void* __real_mmap64(void* where, std::size_t bytes, int protection, int flags, int file, off64_t offset);
void* __wrap_mmap64(void* where, std::size_t bytes, int protection, int flags, int file, off64_t offset);

// operator new, by the names it has in the object files: the size is an unsigned long or, with 32 bits, an unsigned
// int.
#if __SIZEOF_SIZE_T__ == 8
#define EFD_NAME_OF_NEW(where) where##_Znwm
#define EFD_NAME_OF_NEW_NOTHROW(where) where##_ZnwmRKSt9nothrow_t
#else
#define EFD_NAME_OF_NEW(where) where##_Znwj
#define EFD_NAME_OF_NEW_NOTHROW(where) where##_ZnwjRKSt9nothrow_t
#endif
void* EFD_NAME_OF_NEW(__real_)(std::size_t bytes);
void* EFD_NAME_OF_NEW(__wrap_)(std::size_t bytes);
void* EFD_NAME_OF_NEW_NOTHROW(__real_)(std::size_t bytes, const std::nothrow_t& how) noexcept;
void* EFD_NAME_OF_NEW_NOTHROW(__wrap_)(std::size_t bytes, const std::nothrow_t& how) noexcept;

void* EFD_NAME_OF_NEW(__wrap_)(std::size_t bytes) {
    if (refuse_new) throw std::bad_alloc();
    return EFD_NAME_OF_NEW(__real_)(bytes);
}
void* EFD_NAME_OF_NEW_NOTHROW(__wrap_)(std::size_t bytes, const std::nothrow_t& how) noexcept {
    return refuse_new ? nullptr : EFD_NAME_OF_NEW_NOTHROW(__real_)(bytes, how);
}

void* __wrap_mmap(void* where, std::size_t bytes, int protection, int flags, int file, off_t offset) {
    if (!refuse_map) return __real_mmap(where, bytes, protection, flags, file, offset);
    errno = ENOMEM;
    return MAP_FAILED;
}
void* __wrap_mmap64(void* where, std::size_t bytes, int protection, int flags, int file, off64_t offset) {
    if (!refuse_map) return __real_mmap64(where, bytes, protection, flags, file, offset);
    errno = ENOMEM;
    return MAP_FAILED;
}
}
// NOLINTEND(bugprone-reserved-identifier)

namespace {

using efd::core::ida;
using efd::core::poll_in;
using efd::tests::called_entry;

// What is made is kept by table and ids, so that memory is next needed the later the more there was before.
constexpr std::size_t objects_most = std::size_t{1} << 21;

// Objects are made until the next one would need a new piece of the table; that creation is refused.
TEST(memory, a_creation_without_memory_is_enomem_and_leaks_no_id) {
    std::vector<efd_t*> living;
    living.reserve(objects_most);
    living.push_back(efd_create(7, EFD_SEMAPHORE));
    efd_t* failed = nullptr;
    {
        const refusal no_map(refuse_map);
        while (living.size() < objects_most) {
            errno = 0;
            failed = efd_create(7, EFD_SEMAPHORE);
            if (failed == nullptr) break;
            living.push_back(failed);
        }
        ASSERT_EQ(failed, nullptr) << "the table never needed memory";
        EXPECT_EQ(errno, ENOMEM);
        EXPECT_THROW(efd::eventfd{1}, std::system_error);
        EXPECT_EQ(errno, ENOMEM);
        const int id = efd_id(living.back()); // what is there already goes on
        efd_put(living.back());
        living.back() = efd_create(7, EFD_SEMAPHORE);
        ASSERT_NE(living.back(), nullptr);
        EXPECT_EQ(efd_id(living.back()), id);
    }
    efd_t* const next = efd_create(0, 0);
    ASSERT_NE(next, nullptr);
    EXPECT_EQ(efd_id(next), efd_id(living.back()) + 1) << "the failed creations kept an id";
    efd_put(next);
    for (efd_t* const object : living) efd_put(object);
}

TEST(memory, a_set_of_ids_that_cannot_grow_says_none_and_stays_as_it_was) {
    ida ids;
    const auto grow_to = [&ids](int most) {
        int highest = ida::none;
        for (int i = 0; i < most; ++i) {
            const int id = ids.alloc();
            if (id == ida::none) break;
            highest = id;
        }
        return highest;
    };
    EXPECT_EQ(grow_to(1000), 999);
    int last = ida::none;
    int next = 0;
    {
        const refusal no_new(refuse_new);
        last = grow_to(100'000);
        next = ids.alloc();
    }
    EXPECT_EQ(next, ida::none);
    EXPECT_GE(last, 999);
    EXPECT_LT(last, 100'000) << "the set never needed memory";
    EXPECT_FALSE(ids.contains(last + 1));
    EXPECT_EQ(ids.alloc(), last + 1);
    EXPECT_TRUE(ids.free(500));
    EXPECT_EQ(ids.alloc(), 500);
}

TEST(memory, an_object_that_gets_no_id_is_enomem) {
    std::vector<efd_t*> living;
    living.reserve(objects_most);
    efd_t* failed = nullptr;
    int error = 0;
    {
        const refusal no_new(refuse_new);
        while (living.size() < objects_most && (failed = efd_create(0, 0)) != nullptr) living.push_back(failed);
        error = errno;
    }
    ASSERT_EQ(failed, nullptr) << "the ids never needed memory";
    EXPECT_EQ(error, ENOMEM);
    living.push_back(efd_create(0, 0));
    ASSERT_NE(living.back(), nullptr);
    if (living.size() > 1) {
        EXPECT_EQ(efd_id(living.back()), efd_id(living[living.size() - 2]) + 1);
    }
    for (efd_t* const object : living) efd_put(object);
}

TEST(memory, an_entry_for_which_there_is_no_queue_is_no_memory_and_joins_later) {
    // A queue stays with its slot, so the slot must be a new one: none of these goes back, even if the test is
    // repeated.
    static std::vector<std::unique_ptr<efd::eventfd>> living;
    int calls = 0;
    called_entry entry([&calls](std::uint32_t) { return ++calls, 0; }, poll_in);
    std::uint32_t ready = 0;
    for (int i = 0; i < 100; ++i) living.push_back(std::make_unique<efd::eventfd>());
    auto& fresh = *living.back();
    auto end = efd::base::status::ok;
    {
        const refusal no_new(refuse_new); // nor would a failed expectation find memory for what it says
        end = efd::internal_access::context_of(fresh)->add_wait_queue(entry, ready);
    }
    EXPECT_EQ(end, efd::base::status::no_memory);
    EXPECT_EQ(fresh.write(1), std::errc{});
    EXPECT_EQ(calls, 0);
    EXPECT_EQ(efd::internal_access::context_of(fresh)->add_wait_queue(entry, ready), efd::base::status::ok);
    EXPECT_EQ(ready & poll_in, poll_in);
    EXPECT_EQ(fresh.write(1), std::errc{});
    EXPECT_EQ(calls, 1);
    EXPECT_EQ(efd::internal_access::context_of(fresh)->remove_wait_queue(entry), efd::base::status::ok);
}

// The set's place is a line of its own; the object's line says who watches it, as long as that is one set alone.
TEST(memory, an_object_joins_a_set_without_memory_and_a_second_set_with_some) {
    static std::vector<std::unique_ptr<efd::eventfd>> living; // as above: slots that never had a watcher
    const efd::wait_set first;
    const efd::wait_set second;
    for (int i = 0; i < 100; ++i) living.push_back(std::make_unique<efd::eventfd>());
    for (const efd::wait_set* const set : {&first, &second}) set->add(*living.front(), 7); // its pages are made now
    const auto& fresh = *living.back();
    bool joined = false;
    int error = 0;
    {
        const refusal no_new(refuse_new);
        const refusal no_map(refuse_map);
        joined = first.add(fresh, 1) >= 0;
        try {
            second.add(fresh, 2);
        } catch (const std::system_error& refused) {
            error = refused.code().value();
        } catch (const std::bad_alloc&) {
            error = ENOMEM;
        }
    }
    EXPECT_TRUE(joined);
    EXPECT_EQ(error, ENOMEM);
    second.add(fresh, 2);
    ASSERT_EQ(fresh.write(3), std::errc{});
    efd::set_event got{};
    ASSERT_EQ(second.try_any(got), std::errc{});
    EXPECT_EQ(got.token, 2U);
    EXPECT_EQ(got.value, 3U);
    EXPECT_EQ(first.try_any(got), std::errc::resource_unavailable_try_again) << "what the second set took";
    ASSERT_EQ(fresh.write(1), std::errc{});
    ASSERT_EQ(first.try_any(got), std::errc{});
    EXPECT_EQ(got.token, 1U);
}

} // namespace
