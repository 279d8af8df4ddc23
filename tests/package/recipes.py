#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The recipes of packaging/ say what the project is: its version, the names of its ABI, every file that is installed, and
every library that it is built with. All that is wrong is printed in one run.

    recipes.py SOURCE_DIRECTORY PREFIX LIBDIR VERSION

PREFIX is where the build is installed, LIBDIR its directory of libraries below it. Each check is also given a recipe with
one mistake, and must notice it.
"""
import ast
import fnmatch
import json
import pathlib
import re
import shutil
import subprocess
import sys

PACKAGES = {"libefd-dev", "efd", "libefd-dropin", "python3-efd"}  # and libefd of the ABI

# What the build uses (scripts/setup build), as Debian, Fedora, Arch, Conan and vcpkg name it; None: the recipe need not.
NEEDS = {
    "g++": (None, "gcc-c++", None, None, None),
    "cmake": ("cmake", "cmake", "cmake", None, "vcpkg-cmake"),
    "make": (None, None, None, None, None),
    "ninja-build": ("ninja-build", "ninja-build", "ninja", None, None),
    "pkg-config": ("pkg-config", "pkgconfig", None, None, None),
    "libfmt-dev": ("libfmt-dev", "fmt-devel", "fmt", "fmt", "fmt"),
    "libcli11-dev": ("libcli11-dev", "cli11-devel", "cli11", "cli11", "cli11"),
    "nlohmann-json3-dev": ("nlohmann-json3-dev", "json-devel", "nlohmann-json", "nlohmann_json", "nlohmann-json"),
    "libconcurrentqueue-dev": ("libconcurrentqueue-dev", "concurrentqueue-devel", "concurrentqueue", "concurrentqueue",
                               "concurrentqueue"),
    "liburing-dev": ("liburing-dev", "liburing-devel", "liburing", "liburing", "liburing"),
    "libncurses-dev": ("libncurses-dev", "ncurses-devel", "ncurses", "ncurses", "ncurses"),
    "systemtap-sdt-dev": ("systemtap-sdt-dev", "systemtap-sdt-devel", "systemtap", None, None),
    "python3": ("python3", "python3", "python", None, None),
}
# What the build would do by itself, and what each recipe has to decide.
CHOICES = ("EFD_BUILD_TESTS", "EFD_BUILD_EXAMPLES", "EFD_BUILD_PYTHON", "EFD_BOOST_INTERPROCESS_INCLUDE")
BUILDERS = ("debian/rules", "rpm/efd.spec", "arch/PKGBUILD", "vcpkg/portfile.cmake", "conan/conanfile.py")


class Recipes:
    """The texts of packaging/, by their paths below it."""

    def __init__(self, source):
        self.place = source / "packaging"
        self.texts = {str(path.relative_to(self.place)): path.read_text(encoding="utf-8")
                      for path in self.place.rglob("*") if path.is_file() and path.suffix != ".xz"}
        self.source = source
        self.wrong = []

    def text(self, name):
        if self.need(name in self.texts, "packaging/%s is missing" % name):
            return self.texts[name]
        return ""

    def need(self, condition, what):
        """Notes what is wrong unless the condition holds."""
        if not condition:
            self.wrong.append(what)
        return condition


def abi_of(version):
    major, minor, _ = version.split(".")
    return "0." + minor if major == "0" else major


def stanzas(recipes):
    """The stanzas of debian/control, as dictionaries."""
    found = []
    for paragraph in re.split(r"\n\s*\n", recipes.text("debian/control").strip()):
        fields, name = {}, ""
        for line in paragraph.splitlines():
            if line[0] in " \t":
                fields[name] = fields.get(name, "") + "\n" + line
                continue
            name, colon, value = line.partition(":")
            recipes.need(colon and re.fullmatch(r"[A-Za-z-]+", name), "debian/control has a line without a field: " + line)
            recipes.need(name not in fields, "debian/control says %s twice in one stanza" % name)
            fields[name] = value.strip()
        recipes.need("" not in fields, "a stanza of debian/control begins with a continued line")
        found.append(fields)
    return found


def check_control(recipes, version, **_):
    need = recipes.need
    source, *binaries = stanzas(recipes)
    need(source.get("Source") == "efd", "debian/control is not about the source efd")
    for field in ("Maintainer", "Build-Depends", "Standards-Version"):
        need(field in source, "debian/control does not say " + field)
    names = {fields.get("Package") for fields in binaries}
    wanted = PACKAGES | {"libefd" + abi_of(version)}
    need(names == wanted, "debian/control has %s, and the ABI wants %s" % (sorted(map(str, names)), sorted(wanted)))
    for fields in binaries:
        need("Architecture" in fields and "\n" in fields.get("Description", ""),
             "%s lacks a field in debian/control" % fields.get("Package"))


def check_versions(recipes, version, **_):
    said = {
        "debian/changelog": r"\Aefd \(([0-9.]+)-[0-9]+\) ",
        "rpm/efd.spec": r"(?m)^Version: +(\S+)$",
        "arch/PKGBUILD": r"(?m)^pkgver=(\S+)$",
        "vcpkg/vcpkg.json": r'"version": "([^"]+)"',
        "conan/conanfile.py": r'(?m)^    version = "([^"]+)"$',
    }
    for name, pattern in said.items():
        found = re.search(pattern, recipes.text(name))
        recipes.need(found and found[1] == version, "packaging/%s is of %s, the project of %s"
                     % (name, found[1] if found else "no version", version))
    recipes.need(re.search(r"(?m)^%%{_libdir}/libefd\.so\.%s$" % re.escape(abi_of(version)), recipes.text("rpm/efd.spec")),
                 "rpm/efd.spec does not name libefd.so." + abi_of(version))


def check_symbols(recipes, version, **_):
    need, abi = recipes.need, abi_of(version)
    name = "debian/libefd%s.symbols" % abi
    head, *lines = recipes.text(name).splitlines() or [""]
    need(head == "libefd.so.%s libefd%s #MINVER#" % (abi, abi), name + " begins with another library")
    exported = (recipes.source / "src" / "efd.map.in").read_text(encoding="utf-8")
    in_c = set(re.findall(r"\b(efd_\w+);", exported.split('extern "C++"')[0]))
    listed = {found[1] for found in (re.fullmatch(r" (\w+)@EFD_%s [0-9.]+" % re.escape(abi), line) for line in lines) if found}
    need(" (symver)EFD_%s %s.0" % (abi, abi) in lines, "%s has no line for the C++ names of EFD_%s" % (name, abi))
    need(in_c, "src/efd.map.in has no C names")
    for symbol in sorted(in_c - listed):
        need(False, "%s lacks %s of src/efd.map.in" % (name, symbol))
    for symbol in sorted(listed - in_c):
        need(False, "%s has %s, and src/efd.map.in has not" % (name, symbol))


def installed_files(prefix, libdir):
    """What is installed, as paths of a Debian package."""
    below = libdir.relative_to(prefix)
    for path in sorted(prefix.rglob("*")):
        if path.is_symlink() or not path.is_dir():
            path = path.relative_to(prefix)
            if below in path.parents:
                yield "usr/lib/triplet/%s" % path.relative_to(below)
            else:
                yield "usr/%s" % path


def python_files(source):
    """What `cmake --install --component python` adds, which debian/rules calls."""
    for path in sorted((source / "bindings" / "python" / "efd").iterdir()):
        if path.is_file():
            yield "usr/lib/python3/dist-packages/efd/" + path.name
    yield "usr/lib/python3/dist-packages/efd/_efd.abi3.so"


def share_out(recipes, files, packages, kind):
    """Each file is in one package, and each line of a package names a file. packages: lists of globs by name."""
    used, misplaced = set(), {}
    for path in files:
        holders = {(name, glob) for name, globs in packages.items() for glob in globs
                   if fnmatch.fnmatch(path, glob) or fnmatch.fnmatch(path, glob.rstrip("/") + "/*")}
        used |= holders
        names = sorted({name for name, _ in holders})
        if len(names) != 1:
            directory, _, name = path.rpartition("/")
            misplaced.setdefault((directory, " and ".join(names) or "no " + kind), []).append(name)
    for (directory, place), names in misplaced.items():
        shown = " ".join(names) if len(names) < 10 else "%s and %d others" % (names[0], len(names) - 1)
        recipes.need(False, "in %s, of %s: %s" % (place, directory, shown))
    for name, globs in packages.items():
        for glob in globs:
            recipes.need((name, glob) in used, "%s names %s, and nothing of that name is installed" % (name, glob))


def check_files(recipes, files, **_):
    packages = {name: [line.split()[0] for line in text.splitlines() if line and not line.startswith("#")]
                for name, text in recipes.texts.items() if re.fullmatch(r"debian/[^/]+\.install", name)}
    share_out(recipes, files + list(python_files(recipes.source)), packages, "debian/*.install")


def check_spec_files(recipes, files, **_):
    places = {"_bindir": "usr/bin", "_libdir": "usr/lib/triplet", "_includedir": "usr/include", "_datadir": "usr/share",
              "_mandir": "usr/share/man"}
    packages, globs = {}, None
    for line in recipes.text("rpm/efd.spec").splitlines():
        if line.startswith("%files"):
            globs = packages.setdefault("%s of rpm/efd.spec" % line, [])
        elif line.startswith("%changelog"):
            break
        elif globs is not None and line.startswith("%{"):
            globs.append(re.sub(r"^%\{(\w+)\}", lambda found: places.get(found[1], found[0]), line))
    share_out(recipes, files, packages, "%files of rpm/efd.spec")


def named_needs(recipes):
    """What each recipe says that it needs, in the order of NEEDS' columns."""
    depends = stanzas(recipes)[0].get("Build-Depends", "")
    port = json.loads(recipes.text("vcpkg/vcpkg.json"))
    of_command = port.get("features", {}).get("command", {}).get("dependencies", [])
    arch = re.findall(r"(?m)^(?:make)?depends=\(([^)]*)\)", recipes.text("arch/PKGBUILD"))
    yield "debian/control", {part.split()[0] for part in depends.split(",") if part.strip()}
    yield "rpm/efd.spec", set(re.findall(r"(?m)^BuildRequires: +(\S+)", recipes.text("rpm/efd.spec")))
    yield "arch/PKGBUILD", set(" ".join(arch).split())
    yield "conan/conanfile.py", set(re.findall(r'"(\w+)/\[', recipes.text("conan/conanfile.py")))
    yield "vcpkg/vcpkg.json", {one["name"] if isinstance(one, dict) else one for one in port["dependencies"] + of_command}


def check_needs(recipes, **_):
    setup = (recipes.source / "scripts" / "setup").read_text(encoding="utf-8")
    lists = {name: set(words.split()) for name, words in re.findall(r'(?m)^(\w+)_packages="([^"]*)"', setup)}
    used = {name for part in ("library", "build") for name in lists.get(part, ()) if not name.startswith("$")}
    recipes.need("libfmt-dev" in used, "scripts/setup has no list build_packages")
    for name in sorted(used ^ set(NEEDS)):
        recipes.need(False, "scripts/setup build and NEEDS of tests/package/recipes.py differ in " + name)
    named = list(named_needs(recipes))
    for name in sorted(named[0][1] - used - lists.get("package", set()) - {"debhelper-compat"}):
        recipes.need(False, "debian/control is built with %s, and scripts/setup package does not install it" % name)
    for column, (recipe, said) in enumerate(named):
        for name in sorted(used & set(NEEDS)):
            wanted = NEEDS[name][column]
            recipes.need(wanted is None or wanted in said, "packaging/%s does not name %s" % (recipe, wanted))


def check_choices(recipes, **_):
    for name in BUILDERS:
        for choice in CHOICES:
            recipes.need(re.search(r'(-D|")%s\b' % choice, recipes.text(name)), "packaging/%s does not decide %s" % (name, choice))


def check_arch(recipes, version, **_):
    need, text = recipes.need, recipes.text("arch/PKGBUILD")
    shown = subprocess.run(
        ["bash", "-euc", 'eval "$0"; declare -F build check package >&2; '
         'echo "$pkgname $pkgver $pkgrel ${#source[@]} ${#sha256sums[@]} ${#license[@]} ${#arch[@]}"', text],
        capture_output=True, text=True, check=False)
    if not need(shown.returncode == 0, "arch/PKGBUILD does not run: " + shown.stderr):
        return
    words = shown.stdout.split()
    need(words[:2] == ["efd", version], "arch/PKGBUILD is of " + " ".join(words[:2]))
    need(re.fullmatch("[0-9]+", words[2]) and words[3] == words[4] != "0" and "0" not in words[5:],
         "arch/PKGBUILD lacks a field: " + shown.stdout)


def check_vcpkg(recipes, version, **_):
    need = recipes.need
    port = json.loads(recipes.text("vcpkg/vcpkg.json"))
    need(port["name"] == "efd" and port["version"] == version, "vcpkg.json is of another port")
    need("command" in port["features"], "vcpkg.json lacks the feature command")
    text = recipes.text("vcpkg/portfile.cmake")
    for call in ("vcpkg_cmake_configure(", "vcpkg_cmake_install()", "vcpkg_cmake_config_fixup(", "vcpkg_install_copyright("):
        need(call in text, "portfile.cmake does not call " + call)


def used_by_build(source):
    """The directories and files of the sources that a build of the command reads."""
    yield from ("CMakeLists.txt", "LICENSE")
    lists = [source / "CMakeLists.txt", *(path for path in source.glob("cmake/*.cmake") if path.name != "gtest.cmake")]
    lists += [source / part / "CMakeLists.txt" for part in ("src", "src/cli", "src/dropin", "bench", "conformance")]
    for path in lists:
        text = path.read_text(encoding="utf-8")
        for found in re.findall(r"\$\{PROJECT_SOURCE_DIR\}/([\w./-]*\w)", text):
            yield found
        if path == source / "CMakeLists.txt":
            yield from re.findall(r"add_subdirectory\((\S+)\)", text.replace("add_subdirectory(tests)", "")
                                  .replace("add_subdirectory(examples)", ""))


def check_conan(recipes, **_):
    need = recipes.need
    tree = ast.parse(recipes.text("conan/conanfile.py"))
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    if not need(len(classes) == 1, "conanfile.py has %d classes" % len(classes)):
        return
    methods = {node.name: node for node in classes[0].body if isinstance(node, ast.FunctionDef)}
    for name in ("export_sources", "layout", "generate", "build", "package", "package_info"):
        need(name in methods, "conanfile.py has no " + name)
    parts = [node.value for node in ast.walk(methods["export_sources"])
             if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    for part in sorted(set(used_by_build(recipes.source))):
        need(any(fnmatch.fnmatch(part, glob) or fnmatch.fnmatch(part + "/x", glob) for glob in parts),
             "conanfile.py does not export " + part)


def check_spec(recipes, version, **_):
    need, text = recipes.need, recipes.text("rpm/efd.spec")
    if shutil.which("rpmspec") is None:
        print("rpmspec is not installed: the spec file is read as text alone")
    else:
        parsed = subprocess.run(["rpmspec", "-q", "--qf", "%{name} %{version}\n", "/dev/stdin"], input=text,
                                capture_output=True, text=True, check=False)
        need(parsed.returncode == 0, "rpmspec: " + parsed.stderr)
        need(set(parsed.stdout.splitlines()) == {"%s %s" % (name, version)
                                                 for name in ("efd", "libefd", "libefd-devel", "libefd-dropin")},
             "rpm/efd.spec makes other packages: " + parsed.stdout)
    for tag in ("%prep", "%build", "%install", "%check", "%files", "%changelog"):
        need(re.search("(?m)^%s( |$)" % tag, text), "rpm/efd.spec has no " + tag)


# Each check, with a mistake that it must notice: a recipe, what stands there, and what stands there wrongly.
CHECKS = [
    (check_control, "debian/control", "Package: libefd-dev\n", "Package: libefd-devel\n"),
    (check_control, "debian/control", "Architecture: linux-any\n", "linux-any\n"),
    (check_versions, "debian/changelog", "efd (", "efd (9"),
    (check_versions, "rpm/efd.spec", "Version:        ", "Version:        9"),
    (check_symbols, "debian/libefd{abi}.symbols", " efd_create@", " efd_creat@"),
    (check_files, "debian/libefd-dev.install", "usr/include/efd", "usr/include/efd/adapters"),
    (check_files, "debian/efd.install", "usr/bin/efd", "usr/bin/efd\nusr/bin/efd-none"),
    (check_spec_files, "rpm/efd.spec", "%{_mandir}/man7/efd.7*\n", ""),
    (check_needs, "debian/control", "libncurses-dev,", ""),
    (check_needs, "debian/control", "libuv1-dev,", "libuv2-dev,"),
    (check_needs, "rpm/efd.spec", "BuildRequires:  ncurses-devel\n", ""),
    (check_needs, "arch/PKGBUILD", " ncurses", ""),
    (check_needs, "conan/conanfile.py", '"ncurses/', '"curses/'),
    (check_needs, "vcpkg/vcpkg.json", '"ncurses", ', ""),
    (check_choices, "debian/rules", "-DEFD_BUILD_PYTHON=ON", ""),
    (check_arch, "arch/PKGBUILD", "sha256sums=(SKIP)", "sha256sums=()"),
    (check_vcpkg, "vcpkg/portfile.cmake", "vcpkg_cmake_install()", ""),
    (check_conan, "conan/conanfile.py", '"bench/*", ', ""),
    (check_spec, "rpm/efd.spec", "%files -n libefd\n", "%package -n libefd\n"),
]


def main():
    source, prefix, libdir = (pathlib.Path(argument) for argument in sys.argv[1:4])
    version = sys.argv[4]
    recipes = Recipes(source)
    given = {"version": version, "files": list(installed_files(prefix, libdir))}
    for check in dict.fromkeys(row[0] for row in CHECKS):
        check(recipes, **given)
    for wrong in recipes.wrong:
        print("recipes: %s" % wrong, file=sys.stderr)
    if recipes.wrong:
        return 1
    for check, name, right, wrong in CHECKS:
        name = name.format(abi=abi_of(version))
        broken = Recipes(source)
        if right not in broken.text(name):
            print("recipes: packaging/%s has no %r to break" % (name, right), file=sys.stderr)
            return 1
        broken.texts[name] = broken.texts[name].replace(right, wrong, 1)
        check(broken, **given)
        if broken.wrong:
            continue
        if check is check_spec and shutil.which("rpmspec") is None:
            continue
        print("recipes: %s does not notice %r in packaging/%s" % (check.__name__, wrong, name), file=sys.stderr)
        return 1
    print("recipes: %d installed files of %s, %d mistakes noticed" % (len(given["files"]), version, len(CHECKS)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
