# SPDX-License-Identifier: MIT
"""The stubs name what the modules have, with the same parameters; and the package says that it is typed."""

import ast
import importlib
import inspect
from pathlib import Path

import efd
import pytest

PACKAGE = Path(efd.__file__).parent
# What Python adds to a type, or the stubs need not say.
IMPLIED = {"__module__", "__doc__", "__init__", "__dict__", "__weakref__", "__getattribute__", "__repr__", "__annotations__",
           "__match_args__", "__reduce__", "n_fields", "n_sequence_fields", "n_unnamed_fields", "__new__",
           "__firstlineno__", "__static_attributes__", "__replace__"}  # fmt: skip


def stub_of(module):
    name = "__init__" if module == "efd" else module.removeprefix("efd.")
    return ast.parse((PACKAGE / f"{name}.pyi").read_text("utf-8"))


def parameters(function):
    given = function.args
    return [each.arg for each in given.posonlyargs + given.args], [each.arg for each in given.kwonlyargs]


def parameters_of(live):
    found = inspect.signature(live).parameters.values()
    positional = [p.name for p in found if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return positional, [p.name for p in found if p.kind == p.KEYWORD_ONLY]


@pytest.mark.parametrize("module", ["efd._efd", "efd.aio"])
def test_stubs_and_module_have_the_same_names(module):
    live = importlib.import_module(module)
    for item in stub_of(module).body:
        if isinstance(item, ast.ClassDef) and not item.name.startswith("_"):
            stubbed = {part.name for part in item.body if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef)}
            stubbed |= {part.target.id for part in item.body if isinstance(part, ast.AnnAssign)}
            found = set(vars(getattr(live, item.name)))
            if item.name != "event":
                assert found - IMPLIED - stubbed == set(), f"missing in the stub of {item.name}"
            assert stubbed - IMPLIED - found - {"handle"} == set(), f"only in the stub of {item.name}"


@pytest.mark.parametrize("module", ["efd._efd", "efd.aio"])
def test_stubs_and_module_have_the_same_parameters(module):
    live = importlib.import_module(module)
    compared = 0
    for item in stub_of(module).body:
        parts = item.body if isinstance(item, ast.ClassDef) and not item.name.startswith("_") else [item]
        owner = getattr(live, item.name) if isinstance(item, ast.ClassDef) and parts is item.body else live
        for part in parts:
            if not isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef) or part.name.startswith("__"):
                continue
            decorators = {ast.unparse(each) for each in part.decorator_list}
            if any("property" in each or "setter" in each for each in decorators):
                continue
            positional, keyword_only = parameters(part)
            if "classmethod" in decorators:
                positional = positional[1:]
            assert parameters_of(getattr(owner, part.name)) == (positional, keyword_only), part.name
            compared += 1
    assert compared > (20 if module == "efd._efd" else 4)


def test_the_package_has_the_names_that_it_lists():
    stubbed = {alias.asname for item in stub_of("efd").body if isinstance(item, ast.ImportFrom) for alias in item.names}
    assert stubbed == set(efd.__all__) | {"__version__"}
    assert all(hasattr(efd, name) for name in efd.__all__)
    assert (PACKAGE / "py.typed").exists()
