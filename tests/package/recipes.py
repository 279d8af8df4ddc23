#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The recipes of packaging/ say what the project is: its version, the names of its ABI, and every file that is installed.

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

PACKAGES = {"libefd-dev", "efd", "libefd-dropin"}  # and libefd of the ABI
OPTIONAL = ("man", "bash-completion", "zsh", "fish")  # debian/rules and the spec put these where their directory says


class Wrong(Exception):
    pass


def need(condition, what):
    if not condition:
        raise Wrong(what)


class Recipes:
    """The texts of packaging/, by their paths below it."""

    def __init__(self, source):
        self.place = source / "packaging"
        self.texts = {str(path.relative_to(self.place)): path.read_text(encoding="utf-8")
                      for path in self.place.rglob("*") if path.is_file() and path.suffix != ".xz"}
        self.map = (source / "src" / "efd.map.in").read_text(encoding="utf-8")

    def text(self, name):
        need(name in self.texts, "packaging/%s is missing" % name)
        return self.texts[name]


def abi_of(version):
    major, minor, _ = version.split(".")
    return "0." + minor if major == "0" else major


def stanzas(text):
    """The stanzas of a control file, as dictionaries."""
    found = []
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        fields, name = {}, None
        for line in paragraph.splitlines():
            if line[0] in " \t":
                need(name, "a stanza of debian/control begins with a continued line")
                fields[name] += "\n" + line
                continue
            name, colon, value = line.partition(":")
            need(colon and re.fullmatch(r"[A-Za-z-]+", name), "debian/control has a line without a field: " + line)
            need(name not in fields, "debian/control says %s twice in one stanza" % name)
            fields[name] = value.strip()
        found.append(fields)
    return found


def check_control(recipes, version, **_):
    source, *binaries = stanzas(recipes.text("debian/control"))
    need(source.get("Source") == "efd", "debian/control is not about the source efd")
    for field in ("Maintainer", "Build-Depends", "Standards-Version"):
        need(field in source, "debian/control does not say " + field)
    names = {fields.get("Package") for fields in binaries}
    wanted = PACKAGES | {"libefd" + abi_of(version)}
    need(names == wanted, "debian/control has %s, and the ABI wants %s" % (sorted(map(str, names)), sorted(wanted)))
    for fields in binaries:
        need("Architecture" in fields and "\n" in fields.get("Description", ""), "%s lacks a field" % fields["Package"])


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
        need(found and found[1] == version, "packaging/%s is of %s, the project of %s"
             % (name, found[1] if found else "no version", version))
    need(re.search(r"(?m)^%%{_libdir}/libefd\.so\.%s$" % re.escape(abi_of(version)), recipes.text("rpm/efd.spec")),
         "rpm/efd.spec does not name libefd.so." + abi_of(version))


def check_symbols(recipes, version, **_):
    abi = abi_of(version)
    name = "debian/libefd%s.symbols" % abi
    head, *lines = recipes.text(name).splitlines()
    need(head == "libefd.so.%s libefd%s #MINVER#" % (abi, abi), name + " begins with another library")
    in_c = set(re.findall(r"\b(efd_\w+);", recipes.map.split('extern "C++"')[0]))
    listed = {found[1] for found in (re.fullmatch(r" (\w+)@EFD_%s [0-9.]+" % re.escape(abi), line) for line in lines) if found}
    need(" (symver)EFD_%s %s.0" % (abi, abi) in lines, "%s has no line for the C++ names of EFD_%s" % (name, abi))
    need(in_c, "src/efd.map.in has no C names")
    need(listed == in_c, "%s and src/efd.map.in differ in %s" % (name, sorted(listed ^ in_c)))


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


def check_files(recipes, files, **_):
    globs = {name[len("debian/"):]: [line for line in text.splitlines() if line and not line.startswith("#")]
             for name, text in recipes.texts.items() if re.fullmatch(r"debian/[^/]+\.install", name)}
    used = set()
    for path in files:
        holders = {(name, glob) for name, lines in globs.items() for glob in lines
                   if fnmatch.fnmatch(path, glob) or path.startswith(glob + "/") or fnmatch.fnmatch(path, glob + "/*")}
        used |= holders
        if path.startswith(tuple("usr/share/%s/" % directory for directory in OPTIONAL)):
            need(not holders, "%s belongs to debian/rules, and is in %s" % (path, holders))
            continue
        names = sorted({name for name, _ in holders})
        need(len(names) == 1, "%s is in %s" % (path, " and ".join(names) or "no debian/*.install"))
    for name, lines in globs.items():
        for glob in lines:
            need((name, glob) in used, "debian/%s names %s, and nothing of that name is installed" % (name, glob))


def check_arch(recipes, version, **_):
    text = recipes.text("arch/PKGBUILD")
    shown = subprocess.run(
        ["bash", "-euc", 'eval "$0"; declare -F build check package >&2; '
         'echo "$pkgname $pkgver $pkgrel ${#source[@]} ${#sha256sums[@]} ${#license[@]} ${#arch[@]}"', text],
        capture_output=True, text=True, check=False)
    need(shown.returncode == 0, "arch/PKGBUILD does not run: " + shown.stderr)
    words = shown.stdout.split()
    need(words[:2] == ["efd", version], "arch/PKGBUILD is of " + " ".join(words[:2]))
    need(re.fullmatch("[0-9]+", words[2]) and words[3] == words[4] != "0" and "0" not in words[5:],
         "arch/PKGBUILD lacks a field: " + shown.stdout)


def check_vcpkg(recipes, version, **_):
    port = json.loads(recipes.text("vcpkg/vcpkg.json"))
    need(port["name"] == "efd" and port["version"] == version, "vcpkg.json is of another port")
    need("command" in port["features"], "vcpkg.json lacks the feature command")
    text = recipes.text("vcpkg/portfile.cmake")
    for call in ("vcpkg_cmake_configure(", "vcpkg_cmake_install()", "vcpkg_cmake_config_fixup(", "vcpkg_install_copyright("):
        need(call in text, "portfile.cmake does not call " + call)


def check_conan(recipes, **_):
    tree = ast.parse(recipes.text("conan/conanfile.py"))
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    need(len(classes) == 1, "conanfile.py has %d classes" % len(classes))
    methods = {node.name: node for node in classes[0].body if isinstance(node, ast.FunctionDef)}
    for name in ("export_sources", "layout", "generate", "build", "package", "package_info"):
        need(name in methods, "conanfile.py has no " + name)
    parts = [node.value for node in ast.walk(methods["export_sources"])
             if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    for part in ("CMakeLists.txt", "LICENSE", "cmake/*", "include/*", "src/*", "bench/*", "conformance/*"):
        need(part in parts, "conanfile.py does not export " + part)
        need(list((recipes.place.parent).glob(part)), "conanfile.py exports %s, which is not there" % part)


def check_spec(recipes, version, **_):
    text = recipes.text("rpm/efd.spec")
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
    try:
        for check in dict.fromkeys(row[0] for row in CHECKS):
            check(recipes, **given)
    except Wrong as why:
        print("recipes: %s" % why, file=sys.stderr)
        return 1
    for check, name, right, wrong in CHECKS:
        name = name.format(abi=abi_of(version))
        broken = Recipes(source)
        if right not in broken.text(name):
            print("recipes: packaging/%s has no %r to break" % (name, right), file=sys.stderr)
            return 1
        broken.texts[name] = broken.texts[name].replace(right, wrong, 1)
        try:
            check(broken, **given)
        except Wrong:
            continue
        if check is check_spec and shutil.which("rpmspec") is None:
            continue
        print("recipes: %s does not notice %r in packaging/%s" % (check.__name__, wrong, name), file=sys.stderr)
        return 1
    print("recipes: %d installed files of %s, %d mistakes noticed" % (len(given["files"]), version, len(CHECKS)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
