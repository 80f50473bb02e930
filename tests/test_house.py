"""The house is in order: what the project promises itself of its own code, read from the code."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = sorted((ROOT / "relay").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))

BROAD = {"Exception", "BaseException"}
BROAD_AT_MOST = 5  # about one at the top of each loop that must not end


def place(path: Path, node: ast.AST) -> str:
    return f"{path.relative_to(ROOT)}:{node.lineno}"


def nodes(paths: list[Path], *kinds: type[ast.AST]) -> Iterator[tuple[Path, ast.AST]]:
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, kinds):
                yield path, node


def is_broad(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    return any(isinstance(node, ast.Name) and node.id in BROAD for node in ast.walk(handler.type))


def broad_excepts() -> list[tuple[str, str]]:
    """Place and line of each."""
    return [
        (place(path, node), path.read_text("utf-8").splitlines()[node.lineno - 1])
        for path, node in nodes(PACKAGE, ast.ExceptHandler)
        if is_broad(node)
    ]


def imported(node: ast.Import | ast.ImportFrom) -> list[str]:
    """All dotted names an import may mean."""
    names = [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [node.module or "", *(f"{node.module}.{name}" for name in names)]
    return names


def importers(package: str) -> set[str]:
    return {
        str(path.relative_to(ROOT))
        for path, node in nodes(PACKAGE, ast.Import, ast.ImportFrom)
        if any(name.split(".")[0] == package for name in imported(node))
    }


def test_no_function_is_longer_than_forty_lines():
    long = [
        f"{place(path, node)} {node.name}"
        for path, node in nodes(PACKAGE, ast.FunctionDef, ast.AsyncFunctionDef)
        if node.end_lineno - node.lineno + 1 > 40
    ]
    assert long == []


def test_no_file_is_longer_than_three_hundred_lines():
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines()) for path in PACKAGE + TESTS
    }
    assert {name: length for name, length in lengths.items() if length > 300} == {}


def test_a_broad_except_gives_its_reason_beside_it():
    unexplained = [
        where for where, line in broad_excepts() if not re.search(r"#(?: noqa: BLE001 -)? \w", line)
    ]
    assert unexplained == []


def test_broad_excepts_are_few():
    assert len(broad_excepts()) <= BROAD_AT_MOST, broad_excepts()


@pytest.mark.parametrize("package", ["httpx", "tenacity"])
def test_a_swap_of_the_list_client_stays_one_module(package):
    assert len(importers(package)) <= 1, importers(package)


def test_tests_patch_nothing():
    mocks = [
        place(path, node)
        for path, node in nodes(TESTS, ast.Import, ast.ImportFrom)
        if any(name.startswith("unittest.mock") or name == "mock" for name in imported(node))
    ]
    patches = [
        place(path, node)
        for path, node in nodes(TESTS, ast.Attribute)
        if node.attr == "setattr" and isinstance(node.value, ast.Name) and node.value.id == "monkeypatch"
    ]
    assert mocks + patches == []


def test_layers_import_only_downwards():
    command = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [command, "--no-cache", "--no-logo"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
