// SPDX-License-Identifier: MIT
// cli/proc_scan.cpp: see proc_scan.hpp.
#include "cli/proc_scan.hpp"

#include "cli/failure.hpp"
#include "cli/living_thread.hpp"
#include "cli/owned_fd.hpp"
#include "cli/proc_text.hpp"
#include "share/layout.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/kcmp.h>
#include <stdexcept>
#include <string_view>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <unordered_map>
#include <utility>

namespace efd::cli {
namespace {

constexpr int failed = -1;

// Below zero: it cannot be opened, see errno. A lack of numbers or memory is the command's own.
int opened(int directory, const char* name, int flags) {
    const int fd = ::openat(directory, name, flags | O_CLOEXEC);
    if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM)) broken("cannot look at /proc");
    return fd;
}

bool is_refused(int error) { return error == EACCES || error == EPERM; }

// The numbers that are names in a directory, from the least on.
std::vector<std::uint32_t> numbers_in(int directory) {
    std::vector<std::uint32_t> numbers;
    const int own = ::fcntl(directory, F_DUPFD_CLOEXEC, 0);
    DIR* const stream = own < 0 ? nullptr : ::fdopendir(own);
    if (stream == nullptr) broken("cannot look at /proc");
    while (const dirent* const entry = ::readdir(stream)) {
        const std::optional<std::uint64_t> number = number_in(entry->d_name);
        if (number && *number <= INT32_MAX) numbers.push_back(static_cast<std::uint32_t>(*number));
    }
    ::closedir(stream);
    std::sort(numbers.begin(), numbers.end());
    return numbers;
}

// All that a file of /proc says, up to a bound that no honest one reaches. False: it cannot be opened, see errno.
bool read_file(int directory, const char* name, std::string& text) {
    constexpr std::size_t most = std::size_t{64} << 20;
    std::array<char, 8192> piece;
    text.clear();
    const owned_fd file(opened(directory, name, O_RDONLY | O_NONBLOCK | O_NOCTTY));
    if (!file.is_open()) return false;
    for (ssize_t got = 1; got > 0 && text.size() < most;) {
        got = ::read(file.get(), piece.data(), piece.size());
        if (got > 0) text.append(piece.data(), static_cast<std::size_t>(got));
    }
    return true;
}

class walk {
  public:
    walk(const proc_scan_options& options, proc_listing& found) : options_(options), found_(found) {}
    void look_at(int root, std::uint32_t pid);

  private:
    // What is known of the process that is being looked at.
    struct process {
        std::uint32_t pid = 0;
        std::uint32_t thread = 0; // which has not ended
        int directory = failed;   // of that thread
        int numbers = failed;     // its directories fd and fdinfo
        int facts = failed;
        std::optional<std::string> command;
        struct own_eventfd {
            std::size_t row;
            std::optional<std::uint64_t> inode;
        };
        std::unordered_map<std::uint32_t, own_eventfd> eventfds; // by number
        std::vector<std::uint32_t> epolls;
    };

    enum class outcome { looked_at, has_nothing, refused };
    outcome look_through(int root, std::uint32_t pid, std::uint32_t thread);
    bool look_at_number(process& of, std::uint32_t number);
    void look_at_eventfd(process& of, std::uint32_t number);
    void look_at_memory(process& of, std::uint32_t number, std::string_view name);
    void look_for_dropin(process& of);
    void look_at_epoll(process& of, std::uint32_t number);
    const std::string& command_of(process& of);
    std::size_t row_of(const eventfd_facts& facts);
    bool is_watched(const target_question& about, std::uint32_t questions) const;

    const proc_scan_options& options_;
    proc_listing& found_;
    std::unordered_map<std::uint32_t, std::size_t> rows_; // by id
    std::string text_;                                    // of the file that was read last
};

const std::string& walk::command_of(process& of) {
    if (of.command) return *of.command;
    std::string name;
    (void)read_file(of.directory, "comm", name);
    if (!name.empty() && name.back() == '\n') name.pop_back();
    return of.command.emplace(std::move(name));
}

std::size_t walk::row_of(const eventfd_facts& facts) {
    const std::size_t next = found_.eventfds.size();
    const std::size_t row = facts.id ? rows_.try_emplace(*facts.id, next).first->second : next;
    if (row == next) found_.eventfds.emplace_back();
    kernel_eventfd& one = found_.eventfds[row];
    one.id = facts.id;
    one.count = facts.count;
    one.is_semaphore = facts.is_semaphore;
    return row;
}

// Another file may have got the number since its name was read: it is an eventfd if its facts say so.
void walk::look_at_eventfd(process& of, std::uint32_t number) {
    eventfd_facts facts;
    if (read_file(of.facts, std::to_string(number).c_str(), text_)) {
        facts = eventfd_in(text_);
        if (!facts.count) return;
    } else if (of.facts >= 0 && !is_refused(errno)) {
        return;
    }
    const std::size_t row = row_of(facts);
    std::vector<holder>& holders = found_.eventfds[row].holders;
    if (holders.empty() || holders.back().pid != of.pid) holders.push_back({of.pid, command_of(of), {}});
    holders.back().numbers.push_back(number);
    of.eventfds.emplace(number, process::own_eventfd{row, facts.inode});
}

void walk::look_at_memory(process& of, std::uint32_t number, std::string_view name) {
    memory_number one;
    if (name == "/memfd:efd-observed" || name == "/memfd:efd-observed (deleted)")
        return found_.observed.push_back({of.pid, command_of(of), number});
    one.is_called_arena = name == "/memfd:efd-arena" || name == "/memfd:efd-arena (deleted)";
    const std::string text = std::to_string(number);
    if (read_file(of.facts, text.c_str(), text_)) one.life_bytes = description_locks_in(text_, share::life_byte);
    struct stat about{};
    if (!one.is_called_arena && one.life_bytes.empty()) return;
    if (::fstatat(of.numbers, text.c_str(), &about, 0) != 0 || !S_ISREG(about.st_mode)) return;
    one.pid = of.pid;
    one.command = command_of(of);
    one.number = number;
    one.device = about.st_dev;
    one.inode = about.st_ino;
    found_.memory.push_back(std::move(one));
}

// Its cached units are in no count of the kernel's.
void walk::look_for_dropin(process& of) {
    if (of.eventfds.empty() || !read_file(of.directory, "maps", text_)) return;
    if (text_.find("/libefd-dropin.so") != std::string::npos) found_.under_dropin.push_back(of.pid);
}

// False: the process may not be looked at.
bool walk::look_at_number(process& of, std::uint32_t number) {
    constexpr std::string_view memory = "/memfd:";
    constexpr std::string_view files_of_memory = "/dev/shm/";
    std::array<char, 64> link; // the beginning of a longer one is enough
    const ssize_t length = ::readlinkat(of.numbers, std::to_string(number).c_str(), link.data(), link.size());
    if (length < 0) return !is_refused(errno);
    const std::string_view name(link.data(), static_cast<std::size_t>(length));
    if (name == "anon_inode:[eventfd]")
        look_at_eventfd(of, number);
    else if (name == "anon_inode:[eventpoll]")
        of.epolls.push_back(number);
    else if (name.substr(0, memory.size()) == memory || name.substr(0, files_of_memory.size()) == files_of_memory)
        look_at_memory(of, number, name);
    return true;
}

// The kernel walks the whole epoll for each question, so a large one is asked about some of its entries alone.
bool walk::is_watched(const target_question& about, std::uint32_t questions) const {
    constexpr std::uint32_t questions_most = 256;
    if (options_.is_target == nullptr || questions >= questions_most) return true;
    return options_.is_target(about).value_or(true);
}

void walk::look_at_epoll(process& of, std::uint32_t number) {
    if (!read_file(of.facts, std::to_string(number).c_str(), text_)) return;
    std::unordered_map<std::uint32_t, std::uint32_t> ordinals;
    std::uint32_t questions = 0;
    for (const epoll_entry& entry : epoll_entries_in(text_)) {
        const std::uint32_t ordinal = ordinals[entry.target]++;
        const auto own = of.eventfds.find(entry.target);
        if (own == of.eventfds.end()) continue;
        if (entry.inode && own->second.inode && *entry.inode != *own->second.inode) continue;
        if (!is_watched({of.thread, number, entry.target, ordinal}, questions++)) continue;
        std::vector<epoll_number>& epolls = found_.eventfds[own->second.row].epolls;
        const bool is_known = !epolls.empty() && epolls.back().pid == of.pid && epolls.back().number == number;
        if (!is_known) epolls.push_back({of.pid, number});
    }
}

// What the directory of one thread shows of its process; refused: it may not be opened.
walk::outcome walk::look_through(int root, std::uint32_t pid, std::uint32_t thread) {
    const auto not_opened = [] { return is_refused(errno) ? outcome::refused : outcome::has_nothing; };
    const owned_fd directory(opened(root, std::to_string(thread).c_str(), O_RDONLY | O_DIRECTORY));
    if (!directory.is_open()) return not_opened();
    const owned_fd numbers(opened(directory.get(), "fd", O_RDONLY | O_DIRECTORY));
    if (!numbers.is_open()) return not_opened();
    const owned_fd facts(opened(directory.get(), "fdinfo", O_RDONLY | O_DIRECTORY));
    if (!facts.is_open() && !is_refused(errno)) return outcome::has_nothing;
    const std::vector<std::uint32_t> open = numbers_in(numbers.get());
    process own{pid, thread, directory.get(), numbers.get(), facts.get(), {}, {}, {}};
    const bool may_look =
        std::all_of(open.begin(), open.end(), [&](auto number) { return look_at_number(own, number); });
    for (const std::uint32_t number : own.epolls) look_at_epoll(own, number);
    look_for_dropin(own);
    if (!may_look) ++found_.unread;
    return open.empty() ? outcome::has_nothing : outcome::looked_at;
}

// A thread that has ended has no descriptors, or ones that root alone may look at.
void walk::look_at(int root, std::uint32_t pid) {
    outcome found = look_through(root, pid, pid);
    if (found == outcome::looked_at) return;
    const std::optional<std::uint32_t> living = living_thread_of(options_.root, pid);
    if (living && *living != pid) found = look_through(root, pid, *living);
    if (!living || found != outcome::refused) return;
    const owned_fd directory(opened(root, std::to_string(*living).c_str(), O_RDONLY | O_DIRECTORY));
    const bool is_read = directory.is_open() && read_file(directory.get(), "stat", text_);
    if (!is_read || !has_no_descriptors(text_)) ++found_.unread;
}

} // namespace

target_answer ask_kernel_for_target(const target_question& about) {
    kcmp_epoll_slot slot{about.epoll, about.target, about.ordinal};
    const long answer = ::syscall(SYS_kcmp, about.thread, about.thread, KCMP_EPOLL_TFD, about.target, &slot);
    return answer < 0 ? std::nullopt : std::optional(answer == 0);
}

proc_listing scan_proc(const proc_scan_options& options) {
    proc_listing found;
    const owned_fd root(opened(AT_FDCWD, options.root.c_str(), O_RDONLY | O_DIRECTORY));
    const std::vector<std::uint32_t> pids = root.is_open() ? numbers_in(root.get()) : std::vector<std::uint32_t>{};
    if (pids.empty())
        throw std::runtime_error(fmt::format("{} shows no process, and efd ls reads all of it there; mount it: "
                                             "mount -t proc proc {}",
                                             options.root, options.root));
    walk over(options, found);
    for (const std::uint32_t pid : pids) over.look_at(root.get(), pid);
    std::string mounts;
    if (read_file(root.get(), "mounts", mounts)) found.is_hiding = hides_processes(mounts, options.root);
    return found;
}

} // namespace efd::cli
