# SPDX-License-Identifier: MIT
"""tests/style/test_rules.py: every style rule is shown a sample that breaks it, and must catch it; and one that does not.

A rule that stopped to catch anything would otherwise look like a clean repository. The samples are strings here, so that
the checker does not find them in the repository itself.
"""

import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import analyzer
import cppcheck
import documents
import races
import rules
import tidy
from source import Source

HERE = Path(__file__).parent
FILES = {
    "include/efd/detail/base/atomic.hpp", "include/efd/detail/core/context.hpp", "include/efd/efd.h",
    "include/efd/eventfd.hpp",
    "src/os/futex.hpp", "src/core/sealed.cpp", "src/core/ida.hpp", "src/watch/doorbell.hpp", "src/share/arena.hpp",
    "src/api/c_border.hpp", "bench/row.hpp", "tests/support/waiting.hpp",
}  # fmt: skip
CARD = "// a card\n"


def caught(rule, path, text):
    """The lines at which the rule finds something."""
    return [line for line, _ in rule(Source(path, text), FILES)]


def body(lines):
    return "int f() {\n" + "    ;\n" * (lines - 2) + "}\n"


class Layers(unittest.TestCase):
    def check(self, path, include, clean):
        self.assertEqual([] if clean else [1], caught(rules.layers, path, f"#include {include}\n"), (path, include))

    def test_upward_is_caught(self):
        self.check("src/os/futex.cpp", "<efd/detail/core/context.hpp>", clean=False)
        self.check("src/core/sealed.cpp", "<efd/eventfd.hpp>", clean=False)
        self.check("src/core/sealed.cpp", '"api/c_border.hpp"', clean=False)
        self.check("include/efd/detail/base/atomic.hpp", "<efd/detail/core/context.hpp>", clean=False)
        self.check("include/efd/detail/core/context.hpp", "<efd/efd.h>", clean=False)
        self.check("src/base/stop.hpp", '"../os/futex.hpp"', clean=False)
        self.check("src/api/efd.cpp", '"bench/row.hpp"', clean=False)
        self.check("src/cli/main.cpp", '"support/waiting.hpp"', clean=False)

    def test_sideways_is_caught(self):
        self.check("src/watch/doorbell.cpp", '"share/arena.hpp"', clean=False)

    def test_unknown_is_caught(self):
        self.check("src/core/sealed.cpp", '"core/nowhere.hpp"', clean=False)
        self.check("src/core/sealed.cpp", "<efd/nowhere.hpp>", clean=False)
        self.check("src/attic/old.cpp", "<vector>", clean=False)

    def test_a_comment_is_no_include(self):
        self.check("src/os/futex.cpp", "<vector> // #include <efd/efd.h>", clean=True)

    def test_downward_is_clean(self):
        self.check("src/core/sealed.cpp", '"os/futex.hpp"', clean=True)
        self.check("src/core/sealed.cpp", '"ida.hpp"', clean=True)
        self.check("src/api/efd.cpp", "<efd/detail/core/context.hpp>", clean=True)
        self.check("src/cli/bench.cpp", '"bench/row.hpp"', clean=True)
        self.check("tests/core/ida_test.cpp", '"core/ida.hpp"', clean=True)


class Lengths(unittest.TestCase):
    def test_a_long_function_is_caught(self):
        self.assertEqual([2], caught(rules.function_length, "src/core/x.cpp", CARD + body(60)))
        self.assertEqual([], caught(rules.function_length, "src/core/x.cpp", CARD + body(59)))

    def test_it_is_caught_where_braces_are_many(self):
        inner = "    ;\n" * 60
        for opening in (
            "namespace a::b {\nstruct s final : t<int> {\n  public:\n    template <class T>\n    T f(T x) const noexcept {\n",
            'extern "C" {\nint x{3};\nint f(void) {\n',
            "enum class e : int { a, b };\ns::s(int x) : a_{x}, b_(x) {\n",
            "class [[nodiscard]] alignas(64) c {\n    bool operator()(int a) {\n",
            "static_assert(f(int{1}) == 3);\nconst auto f = [](int a) {\n",
            "TEST(a, b) {\n    if (x) {\n    } else {\n    }\n",
            "const char* s = \"{{{\"; // {{{\nchar c = '{'; long n = 1'000'000;\nint f() {\n",
        ):
            found = caught(rules.function_length, "src/core/x.cpp", opening + inner + "}\n}\n}\n")
            self.assertEqual(1, len(found), opening)

    def test_many_short_functions_are_clean(self):
        text = "namespace a {\nclass b {\n" + body(20) * 10 + "};\n}\n"
        self.assertEqual([], caught(rules.function_length, "src/core/x.cpp", text))
        self.assertEqual(10, len(Source("src/core/x.cpp", text).functions()))

    def test_a_long_file_is_caught(self):
        self.assertEqual([400], caught(rules.file_length, "src/core/x.cpp", "\n" * 400))
        self.assertEqual([], caught(rules.file_length, "src/core/x.cpp", "\n" * 399))


class Doors(unittest.TestCase):
    def test_atomics_beside_the_door_are_caught(self):
        for line in (
            "#include <atomic>", "#include <stdatomic.h>", "std::atomic<int> a{0};", "std::atomic_ref<int> r(x);",
            "std::atomic_thread_fence(x);", "auto o = std::memory_order_relaxed;", "__atomic_load_n(&x, 5);",
            "__sync_synchronize();",
        ):  # fmt: skip
            for path in ("src/core/x.cpp", "include/efd/x.hpp"):
                self.assertEqual([1], caught(rules.atomics_door, path, line + "\n"), line)

    def test_the_door_itself_and_others_are_clean(self):
        text = "#include <atomic>\nstd::atomic<int> a;\n"
        self.assertEqual([], caught(rules.atomics_door, "include/efd/detail/base/atomic.hpp", text))
        self.assertEqual([], caught(rules.atomics_door, "tests/core/x.cpp", text))
        self.assertEqual([], caught(rules.atomics_door, "src/core/x.cpp", '// std::atomic\nf("std::atomic");\n'))

    def test_system_calls_beside_the_door_are_caught(self):
        for line in (
            "#include <unistd.h>", "#include <sys/syscall.h>", "#include <sys/mman.h>", "#include <linux/futex.h>",
            "#include <sched.h>", "#include <ctime>", "long r = ::syscall(1);", "#ifdef __x86_64__",
            "#if defined(__aarch64__)",
        ):  # fmt: skip
            self.assertEqual([1], caught(rules.system_calls_door, "src/core/x.cpp", line + "\n"), line)
        self.assertEqual([1], caught(rules.system_calls_door, "include/efd/eventfd.hpp", "#include <sys/eventfd.h>\n"))

    def test_os_and_programs_are_clean(self):
        text = "#include <unistd.h>\n#ifdef __x86_64__\nlong r = syscall(1);\n#endif\n"
        for path in ("src/os/futex.cpp", "conformance/framework/task.cpp", "bench/child.cpp", "tests/core/x.cpp"):
            self.assertEqual([], caught(rules.system_calls_door, path, text))
        self.assertEqual([], caught(rules.system_calls_door, "include/efd/efd.h", "#include <sys/eventfd.h>\n"))
        self.assertEqual([], caught(rules.system_calls_door, "src/core/x.cpp", "#include <vector>\n// syscall(1)\n"))


class Orders(unittest.TestCase):
    def test_a_missing_order_is_caught(self):
        for line in (
            "auto x = a.load();", "a.store(1);", "p->fetch_add(1);", "a.exchange(f(relaxed_not));",
            "a.compare_exchange_weak(x, y, base::acq_rel);", "a.compare_exchange_strong(x,\n y);",
            "a.load(std::memory_order_seq_cst);",
        ):  # fmt: skip
            self.assertEqual([1], caught(rules.named_orders, "src/core/x.cpp", line + "\n"), line)

    def test_an_operator_is_caught(self):
        for use in ("a_ = 1;", "++a_;", "a_++;", "a_ += 2;", "--a_;", "a_ |= 4;"):
            text = "base::atomic<std::uint32_t> a_{0};\n" + use + "\n"
            self.assertEqual([2], caught(rules.named_orders, "include/efd/detail/core/context.hpp", text), use)

    def test_every_lock_free_room_is_looked_at(self):
        text = "base::atomic<int> a{0};\n#include <atomic>\nint b = a.load();\n"
        for room in ("base", "os", "core", "watch", "file", "api", "dropin/rules", "dropin/table", "dropin/interpose"):
            self.assertEqual([3], caught(rules.named_orders, f"src/{room}/x.cpp", text), room)
            self.assertEqual([2], caught(rules.atomics_door, f"src/{room}/x.hpp", text), room)

    def test_another_object_of_the_same_name_is_clean(self):
        text = "base::atomic<int> a{0};\nstruct x {\n    int a = 0;\n    std::optional<int> a = 1;\n};\nint* const a = &y;\n"
        self.assertEqual([], caught(rules.named_orders, "src/core/x.cpp", text))
        for use in ("else a = 1;", "return a = 1;", "b->a = 1;", "(a) = b, a = 1;"):
            self.assertEqual([2], caught(rules.named_orders, "src/core/x.cpp", "base::atomic<int> a{0};\n" + use + "\n"), use)

    def test_named_orders_are_clean(self):
        text = (
            "base::atomic<int> a{0};\nbase::atomic<T*> b = {};\nauto x = a.load(base::relaxed);\na.store(f(g(1)), release);\n"
            "while (!a.compare_exchange_weak(x, h(y),\n    base::acq_rel, base::acquire)) {}\n"
            "bool c = a == b;\nstd::exchange(p, nullptr);\n"
        )
        self.assertEqual([], caught(rules.named_orders, "src/core/x.cpp", text))


class NamedPairs(unittest.TestCase):
    def unnamed(self, text):
        return list(races.unnamed_steps(Source("src/core/x.cpp", text), {"SEAL"}))

    def test_a_step_without_its_partner_is_caught(self):
        for step in (
            "a.store(1, base::release);", "a.fetch_add(1, base::acq_rel);", "a.exchange(f(1), base::acq_rel); // WHATEVER",
            "if (a.compare_exchange_weak(x, y,\n        base::acq_rel, base::relaxed)) return;", "a.store(1, release); // a seal",
            "f(1); // SEAL\n    g(1);\n    a.store(1, base::release);", "a.store(1, base::release);\n    f(1); // SEAL",
        ):  # fmt: skip
            self.assertEqual(1, len(self.unnamed(f"// What it does.\nvoid f() {{\n    {step}\n}}\n")), step)

    def test_a_name_beside_it_or_above_it_is_clean(self):
        for step in (
            "a.store(1, base::release); // SEAL, base", "// SEAL: first the base.\n    a.store(1, base::release);",
            "a.store(1, base::release); // pairs with look()", "// Pairs with look().\n    a.store(f(1),\n        base::release);",
            "while (!a.compare_exchange_weak(x, y, base::acq_rel,\n        base::relaxed)) { // SEAL\n    }",
            "a.load(base::acquire); // release", "a.fetch_add(1, base::relaxed);", "a.release();",
        ):  # fmt: skip
            self.assertEqual([], self.unnamed(f"void f() {{\n    g(1);\n    {step}\n}}\n"), step)
        self.assertEqual([], self.unnamed("// SEAL.\ntemplate <class T>\nvoid f() {\n    g(1);\n    a.store(1, base::release);\n}\n"))


class Cards(unittest.TestCase):
    def test_a_missing_card_is_caught(self):
        for path in ("src/core/x.cpp", "tests/core/x.cpp", "tests/style/x.py", "cmake/x.cmake"):
            self.assertEqual([1], caught(rules.file_card, path, "\n"), path)
        self.assertEqual([1], caught(rules.file_card, "src/core/x.cpp", "#pragma once\n"))
        self.assertEqual([1], caught(rules.file_card, "tests/x.sh", "#!/bin/sh\nset -eu\n"))

    def test_the_card_of_another_file_is_caught(self):
        for first in ("// core/y.cpp: owns nothing", "// owns nothing", "// x.cpp: owns nothing", "// re/x.cpp: nothing"):
            self.assertEqual([1], caught(rules.file_card, "src/core/x.cpp", first + "\n"), first)

    def test_a_card_is_clean(self):
        self.assertEqual([], caught(rules.file_card, "src/core/x.cpp", "// core/x.cpp: owns nothing\n"))
        self.assertEqual([], caught(rules.file_card, "include/efd/efd.h", "/* efd/efd.h: the object */\n"))
        self.assertEqual([], caught(rules.file_card, "tests/core/x.cpp", "// What is seen of x.\n"))
        self.assertEqual([], caught(rules.file_card, "tests/x.sh", "#!/bin/sh\n# Does it.\n"))


class Licences(unittest.TestCase):
    def test_a_file_without_its_licence_is_caught(self):
        line = rules.LICENSE
        for path, text in (
            ("src/core/x.cpp", CARD), ("src/core/x.cpp", ""), ("src/core/x.hpp", f"/* {line} */\n"), ("tests/x.c", f"// {line}\n"),
            ("tests/x.py", '"""x"""\n'), ("tests/x.py", f'"""x"""\n# {line}\n'), ("verify/models/x.pml", f"// {line}\n"),
            ("CMakeLists.txt", "# x\n"), ("verify/explorer/std/x", f"# {line}\n// x\n"), ("src/core/x.cpp", f"// {line}-0\n"),
        ):  # fmt: skip
            self.assertEqual([1], caught(rules.license_line, path, text), (path, text))
        self.assertEqual([2], caught(rules.license_line, "scripts/x", "#!/bin/sh\n# Does it.\n"))

    def test_a_licence_is_clean_and_is_no_card(self):
        line = rules.LICENSE
        for path, text in (
            ("src/core/x.cpp", f"// {line}\n// core/x.cpp: x\n"), ("include/efd/x.h", f"/* {line} */\n/* efd/x.h: x */\n"),
            ("tests/x.py", f'# {line}\n"""x"""\n'), ("scripts/x", f"#!/bin/sh\n# {line}\n# x\n"),
            ("verify/models/x.pml", f"/* {line} */\n/* x */\n"), ("tests/CMakeLists.txt", f"# {line}\n# x\n"),
            ("verify/explorer/std/x", f"// {line}\n// x\n"),
        ):  # fmt: skip
            self.assertEqual([], caught(rules.license_line, path, text), path)
            self.assertEqual([], caught(rules.file_card, path, text), path)
            alone = text[: text.index(line) + len(line)] + (" */\n" if "/*" in text else "\n")
            self.assertEqual([1], caught(rules.file_card, path, alone), path)


class VersionedNames(unittest.TestCase):
    def test_a_namespace_without_the_version_is_caught(self):
        for path, line in (
            ("include/efd/x.hpp", "namespace efd {"), ("src/core/x.cpp", "namespace efd::core {"),
            ("src/base/x.hpp", "namespace efd::base {"),
        ):  # fmt: skip
            self.assertEqual([1], caught(rules.versioned_names, path, line + "\n"), line)

    def test_what_no_user_compiles_needs_none(self):
        for path, line in (
            ("include/efd/x.hpp", "namespace efd::EFD_ABI {"), ("src/core/x.cpp", "namespace efd::EFD_ABI::core {"),
            ("src/api/x.cpp", "namespace efd {"), ("src/watch/x.cpp", "namespace efd::watch {"),
            ("tests/core/x.cpp", "namespace efd::core {"),
        ):  # fmt: skip
            self.assertEqual([], caught(rules.versioned_names, path, line + "\n"), line)


class Sleeps(unittest.TestCase):
    def test_a_sleep_is_caught(self):
        for path, line in (
            ("tests/core/x.cpp", "::usleep(100);"), ("tests/core/x.hpp", "std::this_thread::sleep_for(1ms);"),
            ("conformance/claims/x.cpp", "std::this_thread::sleep_until(end);"), ("bench/x.cpp", "nanosleep(&a, nullptr);"),
            ("examples/x.cpp", "::sleep(1);"), ("tests/x.cpp", "clock_nanosleep(a, b, c, d);"),
            ("tests/x.cpp", "::poll(nullptr, 0, 100);"), ("examples/x.c", "sleep(1);"), ("tests/x.py", "time.sleep(0.1)"),
            ("tests/x.py", "from time import sleep"), ("tests/x.sh", "sleep 0.5"),
            ("tests/x.cpp", "usleep(1); // between two looks"), ("tests/x.cpp", "usleep(1); // pace:"),
        ):  # fmt: skip
            self.assertEqual([1], caught(rules.no_sleep, path, line + "\n"), line)

    def test_a_sleep_that_says_why_is_clean(self):
        for path, line in (
            ("tests/x.cpp", "::usleep(100); // pace: between two looks"), ("tests/x.py", "time.sleep(1)  # delay: it is late"),
            ("examples/x.c", "sleep(1); /* delay: as a user would */"),
        ):  # fmt: skip
            self.assertEqual([], caught(rules.no_sleep, path, line + "\n"), line)

    def test_other_names_and_places_are_clean(self):
        for line in ("subject.sleep(before);", "void small::sleep(int n) {}", "// usleep(1)", 's = "usleep(1)";',
                     "::poll(&one, 1, 0);", "wait_for([] {});"):
            self.assertEqual([], caught(rules.no_sleep, "tests/x.cpp", line + "\n"), line)
        self.assertEqual([], caught(rules.no_sleep, "src/os/x.cpp", "::usleep(1);\n"))
        self.assertEqual([], caught(rules.no_sleep, "tests/x.py", 'run(["sh", "-c", "sleep 60"])\n'))


class Names(unittest.TestCase):
    def test_banned_words_are_caught(self):
        for name in ("wake_helper", "ContextManager", "string_utils", "impl", "read_impl"):
            self.assertEqual([1], caught(rules.banned_words, "src/core/x.cpp", f"int {name} = 0;\n"), name)
        self.assertEqual([1], caught(rules.banned_words, "src/core/futex_util.cpp", ""))

    def test_other_words_are_clean(self):
        self.assertEqual([], caught(rules.banned_words, "src/core/x.cpp", "int simple, implied; // a helper\n"))


class GoneWords(unittest.TestCase):
    def test_a_word_that_is_gone_is_caught(self):
        for path, line in (
            ("src/file/x.cpp", "os::put_behind(a, b);"), ("tests/x.cpp", "// as put_behind does"), ("src/os/x.cpp", "// Whoever asks."),
            ("scripts/x", "# put_behind"), ("src/cli/x.cpp", "bool told = false;"), ("verify/models/x.pml", "/* a SEAT */"),
            ("src/core/x.cpp", "told(a);"), ("src/watch/x.cpp", "member& here = a;"), ("verify/models/x.pml", "byte turn; /* in turn */"),
        ):  # fmt: skip
            self.assertEqual([1], caught(rules.gone_words, path, line + "\n"), line)

    def test_other_words_and_places_are_clean(self):
        for path, line in (
            ("src/file/x.cpp", "put_behind_it(a);"), ("src/file/x.cpp", 'print("put_behind");'), ("tests/x.cpp", "told(a);"),
            ("src/os/x.cpp", "dup_onto(a, b); // untold"), ("src/core/x.cpp", "int word = 0; // what was seen here"),
            ("src/os/x.cpp", "case wait_end::changed: break;"),
        ):  # fmt: skip
            self.assertEqual([], caught(rules.gone_words, path, line + "\n"), line)

    def test_the_glossary_has_what_is_said_instead(self):
        glossary = (HERE.parent.parent / "docs" / "glossary.md").read_text(encoding="utf-8")
        entries = [*rules.GONE.values(), *rules.GONE_NAMES.values()]
        names = [instead for instead, _ in entries if "_" in instead and "," not in instead]
        self.assertEqual([], [name for name in names if name not in glossary])


def run_with(tool, arguments, name, text):
    """Whether the tool is content with a file of this text below a copy of the repository's configuration."""
    with tempfile.TemporaryDirectory() as directory:
        for configuration in (".clang-format", ".clang-tidy"):
            shutil.copy(HERE.parent.parent / configuration, directory)
        path = Path(directory, "src", "core", name)
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="utf-8")
        result = subprocess.run([tool, *arguments[0], str(path), *arguments[1]], capture_output=True, check=False)
        return result.returncode == 0


def needs(tool):
    missing = shutil.which(tool) is None and os.environ.get("CI") != "true"
    return unittest.skipIf(missing, f"{tool} is not installed; see `scripts/setup check`")


class Tools(unittest.TestCase):
    @needs("clang-format-19")
    def test_clang_format_catches(self):
        arguments = (["--dry-run", "-Werror"], [])
        self.assertTrue(run_with("clang-format-19", arguments, "x.cpp", "int* f() { return nullptr; }\n"))
        self.assertFalse(run_with("clang-format-19", arguments, "x.cpp", "int *f( ) {return nullptr;}\n"))

    @needs("cppcheck")
    def test_cppcheck_catches(self):
        arguments = (cppcheck.OPTIONS, [])
        self.assertTrue(run_with("cppcheck", arguments, "x.cpp", "int f(const int* p) { return *p; }\n"))
        for text in (
            "int f() { int a[2] = {}; return a[2]; }\n",
            "int f() { int x; return x; }\n",
            "int f() { int* p = new int(1); return *p; }\n",
            "int f(int* p) { int x = *p; return p ? x : 0; }\n",
            "struct a { a() {} int b; };\n",
        ):
            self.assertFalse(run_with("cppcheck", arguments, "x.cpp", text), text)

    @needs("g++")
    def test_analyzer_catches(self):
        def found(name, text):
            with tempfile.TemporaryDirectory() as directory:
                path = Path(directory, name)
                path.write_text(text, encoding="utf-8")
                return analyzer.findings(analyzer.command_for(path, name), [])

        head = "#include <stdlib.h>\n"
        for name in ("x.c", "x.cpp"):
            self.assertEqual([], found(name, head + "void f(void* p) { free(p); }\n"), name)
            self.assertTrue(found(name, head + "void f(void* p) { free(p); free(p); }\n"), name)
            self.assertTrue(found(name, head + "int f(void) { int* p = 0; return *p; }\n"), name)
            self.assertTrue(found(name, head + "void f(int n) { void* p = malloc(4); if (n) free(p); }\n"), name)
        self.assertTrue(found("x.cpp", "int f(int* p) { delete p; return *p; }\n"))
        self.assertTrue(found("x.cpp", "no C++ at all\n"))

    @needs("clang-tidy-19")
    def test_clang_tidy_catches(self):
        arguments = (["--quiet"], ["--", *tidy.OPTIONS])
        self.assertTrue(run_with("clang-tidy-19", arguments, "x.cpp", "int first_of(int* p) { return *p; }\n"))
        for text in (
            "int FirstOf(int* p) { return *p; }\n",
            "class a { int b = 0; public: int c() { return b; } };\n",
            "long f(int a, int b) { return a * b; }\n",
            "int f() { int* p = nullptr; return *p; }\n",
            "int f(int __x) { return __x; }\n",
        ):
            self.assertFalse(run_with("clang-tidy-19", arguments, "x.cpp", text), text)


class Walks(unittest.TestCase):
    def test_walks_are_short_and_true(self):
        repository = HERE.parent.parent
        text = (repository / "ARCHITECTURE.md").read_text(encoding="utf-8")
        self.assertEqual([], list(documents.walks(repository, text)))
        more = "  one more                     core/reservation.cpp core/linger.cpp core/ida.cpp"
        self.assertEqual(1, len(list(documents.walks(repository, text.replace("read(value) ", f"read(value)\n{more}\n", 1)))))
        self.assertEqual(1, len(list(documents.walks(repository, text.replace("read(value) ", "reading(value) ", 1)))))
        self.assertEqual(1, len(list(documents.walks(repository, text + "core/nowhere.cpp"))))


if __name__ == "__main__":
    unittest.main()
