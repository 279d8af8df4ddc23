// SPDX-License-Identifier: MIT
// Configurations of open files and the numbers that name them: FDGET, FIRST_USE.
#include "explorer/file_world.hpp"
#include "explorer/scenarios.hpp"

namespace explore {
namespace {

void one_open() {
    make_file_world();
    open_at(0, 0);
    name_files();
}
void two_open() {
    make_file_world();
    open_at(0, 0);
    open_at(1, 1);
    name_files();
}
void one_open_for_two_numbers() {
    make_file_world();
    make_object(0, only(0) | only(1));
    open_at(0, 0);
    name_files();
}
void one_open_two_to_come() {
    make_file_world();
    open_at(0, 0);
    for (std::size_t object = 1; object <= 2; ++object) make_object(object, only(0));
    name_files();
}

void caller() { (void)use_at(0); }
void second_caller() { (void)use_at(1); }
void sure_caller() { must(use_at(0), "a number that always names a file names none"); }
void sure_looker() { must(look_at(0), "a number that always names a file names none"); }
void closer() { close_at(0); }
void second_closer() { close_at(1); }
void maker() { open_at(1, 1); }
void passing_maker() { // what a late caller then has is the file's last reference
    open_at(1, 1);
    close_at(1);
}
void passing_third_maker() {
    open_at(2, 2);
    close_at(2);
}
void changer() { // of what one number names
    close_at(0);
    open_at(0, 1);
}
void crossing_changer() { // the file goes to one number, another one comes where it was
    close_at(0);
    open_at(1, 1);
    open_at(0, 2);
}
void replacer() { open_at(0, 1); }
void second_replacer() { open_at(0, 2); }
void duplicator() { dup_at(0, 1); }

// Of those who close one number, one does.
std::string closed_once() {
    if (files().closes != 1) return std::to_string(files().closes) + " closed one number";
    return audit_files();
}

void one_really_open() {
    make_numbered_world();
    (void)really_make(1);
    name_files();
}
void empty_really_open() {
    make_numbered_world();
    (void)really_make(0);
    name_files();
}
void real_caller() { really_use(0); }
void real_closer() { (void)really_close(0); }
void real_maker() { (void)really_make(2); }
void real_changer() {
    real_closer();
    real_maker();
}
void real_keeper() { // of the object, beyond the file's end
    context* const object = really_keep(0);
    if (object == nullptr) return;
    must(object->write(1) == status::ok, "a plain write was refused");
    object->put();
}
std::string really_closed_once() {
    if (files().closes != 1) return std::to_string(files().closes) + " closed one number";
    return audit_numbers();
}

void lost() {
    make_world_again(0);
    name_files();
}
void lost_while_it_rings() {
    make_world_again(1);
    name_files();
}
void writer() { really_write(0); }
void drainer() { really_drain(0); }
void filler() { really_write(0, UINT64_MAX - 1); }
void asker() { really_ask(0); }
void writer_drainer() { really_write(0), really_drain(0); }
void changer_again() {
    real_closer();
    (void)really_make(2);
}

std::vector<scenario> calls() {
    return {
        scenario("file-get-close", "a number that is closed, 2 that call through it", one_open, closed_once,
                 {{"C", closer}, {"R1", caller}, {"R2", caller}}),
        scenario("file-reborn", "a number that is closed, 1 that makes another, 1 that calls through the first",
                 one_open, audit_files, {{"C", closer}, {"M", maker}, {"R", caller}}, weak_once),
        scenario("file-reborn-gone",
                 "a number that is closed, 1 that makes and closes another, 1 that calls through the first", one_open,
                 audit_files, {{"C", closer}, {"M", passing_maker}, {"R", caller}}),
        scenario("file-reborn-2r", "a number that is closed, 1 that makes another, 1 that calls through each", one_open,
                 audit_files, {{"C", closer}, {"M", maker}, {"R1", caller}, {"R2", second_caller}}),
        scenario("file-reborn-all",
                 "2 numbers that are closed, 1 that makes and closes another, 2 that call through the first", two_open,
                 audit_files,
                 {{"C1", closer}, {"C2", second_closer}, {"M", passing_third_maker}, {"R1", caller}, {"R2", caller}}),
        scenario("file-reborn-here", "a number that is closed and made anew, 2 that call through it", one_open,
                 audit_files, {{"X", changer}, {"R1", caller}, {"R2", caller}}),
        scenario("file-reborn-cross",
                 "a number that is closed, made for another, made anew, 1 that calls through the first", one_open,
                 audit_files, {{"X", crossing_changer}, {"R", caller}}),
        scenario("file-dup-close", "a number that is closed and duplicated, 1 that calls through the second",
                 one_open_for_two_numbers, audit_files, {{"D", duplicator}, {"C", closer}, {"R", second_caller}}),
        scenario("file-dup-2close",
                 "a number that is closed and duplicated, 1 that closes the second, 1 that calls through the first",
                 one_open_for_two_numbers, audit_files,
                 {{"D", duplicator}, {"C1", closer}, {"C2", second_closer}, {"R", caller}}),
    };
}

std::vector<scenario> exchanges() {
    return {
        scenario("file-2-closers", "2 that close one number, 1 that calls through it", one_open, closed_once,
                 {{"C1", closer}, {"C2", closer}, {"R", caller}}),
        scenario("file-close-replace", "a number that is closed and replaced, 1 that calls through it", one_open,
                 closed_once, {{"C", closer}, {"I", replacer}, {"R", caller}}),
        scenario("file-replace", "a number that is replaced, 2 that look through it", one_open, audit_files,
                 {{"I", replacer}, {"R1", sure_looker}, {"R2", sure_looker}}),
        scenario("file-2-replacers", "a number that is replaced by 2, 1 that calls through it", one_open_two_to_come,
                 audit_files, {{"I1", replacer}, {"I2", second_replacer}, {"R", sure_caller}}, weak_once),
    };
}

// Whole calls: numbers of the kernel, bells, and all.
std::vector<scenario> real_calls() {
    return {
        scenario("file-real-close", "whole calls: 2 that close a number, 1 that calls through it", one_really_open,
                 really_closed_once, {{"C1", real_closer}, {"C2", real_closer}, {"R", real_caller}}),
        scenario("file-real-object", "whole calls: a number that is closed, 1 that gets its object and writes to it",
                 empty_really_open, really_closed_once, {{"C", real_closer}, {"K", real_keeper}}),
        scenario("file-real-next", "whole calls: a number that is closed, 1 that makes", one_really_open,
                 really_closed_once, {{"C", real_closer}, {"M", real_maker}}),
        scenario("file-real-reborn",
                 "whole calls: a number that is closed, 1 that makes, 1 calls through it, 2 preemptions",
                 one_really_open, really_closed_once, {{"C", real_closer}, {"M", real_maker}, {"R", real_caller}},
                 {.preemptions = 2}),
        scenario("file-real-2r", "whole calls: a number that is closed, 1 that makes, 2 call through it, 1 preemption",
                 one_really_open, really_closed_once,
                 {{"C", real_closer}, {"M", real_maker}, {"R1", real_caller}, {"R2", real_caller}}, {.preemptions = 1})
            .large(),
        scenario("file-real-2-first", "whole calls: 2 that name a number first, weak failure", one_really_open,
                 audit_numbers, {{"R1", real_caller}, {"R2", real_caller}}, weak_once),
        scenario("file-real-change",
                 "whole calls: a number that is closed and made anew, 1 calls through it, 3 preemptions",
                 one_really_open, really_closed_once, {{"X", real_changer}, {"R", real_caller}}, {.preemptions = 3}),
    };
}

// Whole calls, 3 preemptions: the program has closed the number that the object had for itself.
std::vector<scenario> lost_numbers() {
    return {
        scenario("file-again-change", "a lost number: 1 writes, 1 closes the file's number and makes another", lost,
                 audit_numbers, {{"W", writer}, {"X", changer_again}}, three_preemptions),
        scenario("file-again-2w", "a lost number: 2 write", lost, audit_numbers, {{"W1", writer}, {"W2", writer}},
                 three_preemptions),
        scenario("file-again-1w1r", "a lost number that rings: 1 writes, 1 drains", lost_while_it_rings, audit_numbers,
                 {{"W", writer}, {"D", drainer}}, three_preemptions),
        scenario("file-again-wr-wr", "a lost number: 2 write and drain", lost, audit_numbers,
                 {{"A", writer_drainer}, {"B", writer_drainer}}, three_preemptions),
        scenario("file-again-r-wr", "a lost number that rings: 1 drains, 1 writes and drains", lost_while_it_rings,
                 audit_numbers, {{"D", drainer}, {"B", writer_drainer}}, three_preemptions),
        scenario("file-again-ask", "a lost number that rings: 1 drains, 1 asks for the number", lost_while_it_rings,
                 audit_numbers, {{"D", drainer}, {"A", asker}}, three_preemptions),
        scenario("file-again-full", "a lost number: 1 fills, 1 drains", lost, audit_numbers,
                 {{"F", filler}, {"D", drainer}}, three_preemptions),
        scenario("file-again-retire", "a lost number: 1 writes beyond the end of the file that 1 closes", lost,
                 really_closed_once, {{"K", real_keeper}, {"C", real_closer}}, three_preemptions),
    };
}

} // namespace

std::vector<scenario> file_scenarios() { return joined({calls(), exchanges(), real_calls(), lost_numbers()}); }

} // namespace explore
