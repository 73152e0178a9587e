"""Break the core on purpose, one place at a time; every break must make a test fail.

    python tools/mutate.py                               every file of core/
    python tools/mutate.py separation safety             these files
    python tools/mutate.py cell --sample 40 --seed 3     40 breaks of it, drawn by chance
    python tools/mutate.py cell --own --lines 70 95-99   quicker: these lines, its own tests only

Each break is tried in a copy of the source: first against test/core/test_<file>.py, and where that
notices nothing, against the tests of test/core that import the file, or that belong to a file which
imports it. What is broken: comparisons, arithmetic, and/or/not, constants, max and min, an `if`
that is never or always taken, cells of the state table.

Breaks that change nothing anybody could see are listed in tools/equivalent/<file>.txt, one in a
line: the source line | the break | the reason. Prints what survived without being listed and exits
1 if anything did. A survivor is a law that no test states, or one for that list: read it before
writing a test for it.
"""

from __future__ import annotations

import argparse
import ast
import copy
import multiprocessing
import os
import queue
import random
import re
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
CORE = ROOT / "src" / "hrc_cell" / "core"
LISTED = ROOT / "tools" / "equivalent"
SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
    ast.In: ast.NotIn, ast.NotIn: ast.In,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
    ast.And: ast.Or, ast.Or: ast.And, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip
EXTREMES = {"max": "min", "min": "max", "maximum": "minimum", "minimum": "maximum"}
DECORATION = {"frozen", "slots", "kw_only", "strict", "eq", "dtype"}  # not behaviour
RUNGS = ["LATCHED", "READY", "STANDSTILL", "REDUCED", "FREE"]


PRELOADED = ["numpy", "pytest", "hypothesis", "hypothesis.strategies", "hypothesis.extra.numpy"]
"""Imported once; each break is tried in a fork of the process that has them."""


class Break(NamedTuple):
    """One deliberate break of one file."""

    file: str
    line: int
    source: str  # the line
    what: str  # and which of those alike in it, from the second on
    text: str  # of the broken file

    @property
    def name(self) -> str:
        """As in the list of equivalent ones: what does not change when lines move."""
        return f"{self.file} | {self.source} | {self.what}"


def breaks(path: Path) -> Iterator[Break]:
    """Yield every single break of a file."""
    text = path.read_text(encoding="utf-8")
    lines, tree = text.splitlines(), ast.parse(text)
    skipped = set(_unseen(tree))
    seen: Counter[tuple[str, str]] = Counter()
    for index, node in enumerate(ast.walk(tree)):
        if id(node) in skipped:
            continue
        for what, change in _changes(node):
            broken = copy.deepcopy(tree)
            change(list(ast.walk(broken))[index])
            changed = ast.unparse(ast.fix_missing_locations(broken))
            line = getattr(node, "lineno", 0)
            source = lines[line - 1].strip()
            seen[source, what] += 1
            nth = seen[source, what]
            yield Break(path.stem, line, source, what if nth == 1 else f"{what} {nth}", changed)


def _unseen(tree: ast.Module) -> Iterator[int]:
    """Yield the ids of nodes whose change no test could see: docstrings, hints, decoration."""
    for node in ast.walk(tree):
        parts: list[ast.AST | None] = []
        if isinstance(node, ast.arg | ast.AnnAssign):
            parts = [node.annotation]
        elif isinstance(node, ast.FunctionDef):
            parts = [node.returns, *node.decorator_list]
        elif isinstance(node, ast.keyword) and node.arg in DECORATION:
            parts = [node.value]
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Subscript):
            parts = [node.value]  # a type alias
        for part in filter(None, parts):
            yield from (id(inner) for inner in ast.walk(part))


def _changes(node: ast.AST) -> Iterator[tuple[str, Callable[[Any], object]]]:
    """Yield what can be broken at a node, and how."""
    if isinstance(node, ast.Compare):
        for at, op in enumerate(node.ops):
            if type(op) in SWAPS:
                yield type(op).__name__, lambda n, at=at: _swap_op(n.ops, at)
    elif isinstance(node, ast.BinOp | ast.BoolOp) and type(node.op) in SWAPS:
        yield type(node.op).__name__, lambda n: setattr(n, "op", SWAPS[type(n.op)]())
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield "minus sign", lambda n: setattr(n, "op", ast.UAdd())
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield str(node.value), lambda n: setattr(n, "value", not n.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        yield str(node.value), lambda n: setattr(n, "value", n.value + 1)
    elif isinstance(node, ast.If | ast.IfExp):
        for value in (True, False):
            yield f"if {value}", lambda n, v=value: setattr(n, "test", ast.Constant(v))
    elif isinstance(node, ast.Attribute | ast.Name):
        word = node.attr if isinstance(node, ast.Attribute) else node.id
        field = "attr" if isinstance(node, ast.Attribute) else "id"
        if word in EXTREMES:
            yield word, lambda n, f=field, w=EXTREMES[word]: setattr(n, f, w)
    elif isinstance(node, ast.Tuple) and len(node.elts) == len(RUNGS):
        for at, cell in enumerate(node.elts):
            if isinstance(cell, ast.Name) and isinstance(cell.ctx, ast.Load) and cell.id in RUNGS:
                other = RUNGS[(RUNGS.index(cell.id) + 1) % len(RUNGS)]
                yield f"table column {at}", lambda n, at=at, w=other: setattr(n.elts[at], "id", w)


def _swap_op(ops: list[Any], at: int) -> None:
    ops[at] = SWAPS[type(ops[at])]()


def test_files(name: str, own_only: bool) -> list[str]:
    """Return the tests of a file and, if not only these, then those of files that import it."""
    folder = ROOT / "test" / "core"
    own = folder / f"test_{name}.py"
    imports = re.compile(rf"from hrc_cell\.core(\.{name} import|\b.* import .*\b{name}\b)")

    def importing(files: Path) -> list[Path]:
        return [file for file in sorted(files.glob("*.py")) if imports.search(file.read_text())]

    near = [folder / f"test_{file.stem}.py" for file in importing(CORE)]
    wide = dict.fromkeys([*importing(folder), *(file for file in near if file.exists())])
    relative = [str(file.relative_to(ROOT)) for file in wide if file != own]
    first = [str(own.relative_to(ROOT))] if own.exists() else []
    return first if own_only and first else first + relative


def _run(scratch: str, files: list[str]) -> None:
    """Run tests in a copy; ends the process with pytest's exit code."""
    os.chdir(scratch)
    sys.dont_write_bytecode = True
    for stream in (1, 2):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
    import pytest

    quiet = ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # hypothesis is imported already
    code = pytest.main(["-x", "-q", *quiet, "--hypothesis-profile=break", *files])
    os._exit(int(code))


def passes(scratch: Path, files: list[str], timeout_s: float) -> bool:
    """Return whether tests pass in time; what hangs has noticed."""
    context = multiprocessing.get_context("forkserver")
    process = context.Process(target=_run, args=(str(scratch), files), daemon=True)
    process.start()
    process.join(timeout_s)
    if process.is_alive():
        process.kill()
        process.join()
    return process.exitcode == 0


class Copy:
    """A copy of source and tests that is broken again and again."""

    def __init__(self, folder: Path, own_only: bool) -> None:
        self.folder = folder
        self.own_only = own_only
        for part in ("src", "test", "config", "urdf", "launch", "pyproject.toml"):
            source = ROOT / part
            (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / part)
        settings = (folder / "pyproject.toml").read_text(encoding="utf-8")
        settings = settings.replace('pythonpath = ["test"]', 'pythonpath = ["test", "src"]')
        (folder / "pyproject.toml").write_text(settings, encoding="utf-8")

    def survives(self, broken: Break, limits_s: dict[str, float]) -> bool:
        """Return whether the tests pass with the break in place."""
        core = self.folder / "src" / "hrc_cell" / "core"
        target = core / f"{broken.file}.py"
        whole = target.read_text(encoding="utf-8")
        for old in (core / "__pycache__").glob(f"{broken.file}.*"):
            old.unlink()  # told from the source by whole seconds and size only
        target.write_text(broken.text, encoding="utf-8")
        try:
            files = test_files(broken.file, self.own_only)
            return all(passes(self.folder, [file], limits_s[file]) for file in files)
        finally:
            target.write_text(whole, encoding="utf-8")


def listed(name: str) -> set[str]:
    """Return the names of the breaks of a file that are listed as equivalent."""
    path, names = LISTED / f"{name}.txt", set()
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        source, what, reason = [*line.rsplit(" | ", 2), "", ""][:3]
        if not what or not reason.strip():
            raise SystemExit(f"{path}: source line | break | reason, not: {line}")
        names.add(f"{name} | {source} | {what}")
    return names


def limits_s(folder: Copy, names: list[str]) -> dict[str, float]:
    """Return how long each test file may take, from how long it takes when nothing is broken."""
    limits: dict[str, float] = {}
    files = [file for name in names for file in test_files(name, folder.own_only)]
    for file in dict.fromkeys(files):
        began_s = time.monotonic()
        if not passes(folder.folder, [file], 600.0):
            raise SystemExit(f"{file} fails without any break; mend that first")
        limits[file] = 10.0 + 4.0 * (time.monotonic() - began_s)
    return limits


def _lines(text: str) -> range:
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def main() -> int:
    """Try the breaks asked for and say what survived."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", help="names of files in core/, without .py")
    parser.add_argument("--own", action="store_true", help="try a file's own tests only")
    parser.add_argument("--lines", nargs="+", type=_lines, help="only breaks in these: 70 95-99")
    parser.add_argument("--sample", type=int, help="try only so many, drawn by chance")
    parser.add_argument("--seed", type=int, default=0, help="of the draw")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1), help="at once")
    asked = parser.parse_args()
    multiprocessing.get_context("forkserver").set_forkserver_preload(PRELOADED)
    names = asked.files or sorted(path.stem for path in CORE.glob("*.py"))
    found = [job for name in names for job in breaks(CORE / f"{name}.py")]
    known = set().union(*(listed(name) for name in names))
    strange = known - {job.name for job in found}
    for name in sorted(strange):
        print(f"listed, but there is no such break: {name}")
    jobs = [job for job in found if job.name not in known]
    if asked.lines:
        jobs = [job for job in jobs if any(job.line in lines for lines in asked.lines)]
    if asked.sample is not None and asked.sample < len(jobs):
        jobs = random.Random(asked.seed).sample(jobs, asked.sample)
    names = list(dict.fromkeys(job.file for job in jobs))
    alive: list[Break] = []
    waiting: queue.SimpleQueue[Break] = queue.SimpleQueue()
    for job in jobs:
        waiting.put(job)

    with tempfile.TemporaryDirectory() as folder:
        copies = [Copy(Path(folder) / str(at), asked.own) for at in range(asked.jobs)]
        limits = limits_s(copies[0], names)

        def work(scratch: Copy) -> None:
            while not waiting.empty():
                try:
                    job = waiting.get_nowait()
                except queue.Empty:
                    return
                if scratch.survives(job, limits):
                    alive.append(job)
                    print(f"survived: {job.name}   (line {job.line})", flush=True)

        workers = [threading.Thread(target=work, args=(scratch,)) for scratch in copies]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    for name in names:
        tried = [job for job in jobs if job.file == name]
        left = sum(job.file == name for job in alive)
        equivalent = len([job for job in found if job.file == name and job.name in known])
        print(f"{name}: {len(tried) - left} of {len(tried)} noticed, {equivalent} listed")
    print(f"{len(jobs) - len(alive)} of {len(jobs)} noticed")
    return 1 if alive or strange else 0


if __name__ == "__main__":
    sys.exit(main())
