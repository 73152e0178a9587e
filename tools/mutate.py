"""Break the core on purpose, one place at a time; every break must make a test fail.

    python tools/mutate.py                               every file of core/ that has a test file
    python tools/mutate.py separation safety             these files
    python tools/mutate.py cell --sample 40 --seed 3     40 breaks of it, drawn by chance

Each break is tried in a copy of src and test, against test/core/test_<file>.py alone. What is
broken: comparisons, arithmetic, and/or/not, constants, max and min, an `if` that is never or always
taken, cells of the state table. Prints what survived and exits 1 if anything did. A survivor is a
law that no test states, or a change that changes nothing: read it before writing a test for it.
"""

from __future__ import annotations

import argparse
import ast
import copy
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
CORE = ROOT / "src" / "hrc_cell" / "core"
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


class Break(NamedTuple):
    """One deliberate break of one file."""

    file: str
    line: int
    what: str
    text: str


def breaks(path: Path) -> Iterator[Break]:
    """Yield every single break of a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = set(_unseen(tree))
    for index, node in enumerate(ast.walk(tree)):
        if id(node) in skipped:
            continue
        for what, change in _changes(node):
            broken = copy.deepcopy(tree)
            change(list(ast.walk(broken))[index])
            text = ast.unparse(ast.fix_missing_locations(broken))
            yield Break(path.stem, getattr(node, "lineno", 0), what, text)


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


def survives(scratch: Path, broken: Break, timeout_s: float) -> bool:
    """Return whether the file's tests still pass with the break in place."""
    target = scratch / "src" / "hrc_cell" / "core" / f"{broken.file}.py"
    whole = target.read_text(encoding="utf-8")
    target.write_text(broken.text, encoding="utf-8")
    try:
        done = subprocess.run(
            [sys.executable, "-B", "-m", "pytest", "-x", "-q", "--no-header",
             "--hypothesis-profile=break", f"test/core/test_{broken.file}.py"],
            cwd=scratch, capture_output=True, timeout=timeout_s, check=False,
        )  # fmt: skip
        return done.returncode == 0
    except subprocess.TimeoutExpired:
        return False  # it hangs: noticed
    finally:
        target.write_text(whole, encoding="utf-8")


def main() -> int:
    """Try the breaks asked for and say what survived."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", help="names of files in core/, without .py")
    parser.add_argument("--sample", type=int, help="try only so many, drawn by chance")
    parser.add_argument("--seed", type=int, default=0, help="of the draw")
    parser.add_argument("--timeout", type=float, default=120.0, help="seconds for one break")
    asked = parser.parse_args()
    tested = {p.stem.removeprefix("test_") for p in (ROOT / "test" / "core").glob("test_*.py")}
    names = asked.files or sorted(p.stem for p in CORE.glob("*.py") if p.stem in tested)
    jobs = [job for name in names for job in breaks(CORE / f"{name}.py")]
    if asked.sample is not None and asked.sample < len(jobs):
        jobs = random.Random(asked.seed).sample(jobs, asked.sample)
    alive = []
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        for part in ("src", "test", "config", "urdf", "pyproject.toml"):
            source = ROOT / part
            copied = shutil.copytree if source.is_dir() else shutil.copy
            copied(source, scratch / part)
        settings = (scratch / "pyproject.toml").read_text(encoding="utf-8")
        settings = settings.replace('pythonpath = ["test"]', 'pythonpath = ["test", "src"]')
        (scratch / "pyproject.toml").write_text(settings, encoding="utf-8")
        for name in dict.fromkeys(job.file for job in jobs):
            whole = (CORE / f"{name}.py").read_text(encoding="utf-8")
            if not survives(scratch, Break(name, 0, "nothing", whole), asked.timeout):
                print(f"test/core/test_{name}.py fails without any break; mend that first")
                return 2
        for number, job in enumerate(jobs, start=1):
            if survives(scratch, job, asked.timeout):
                alive.append(job)
                print(f"survived: core/{job.file}.py:{job.line}: {job.what}", flush=True)
            if number % 25 == 0:
                print(f"{number} of {len(jobs)} tried", file=sys.stderr, flush=True)
    print(f"{len(jobs) - len(alive)} of {len(jobs)} noticed")
    return 1 if alive else 0


if __name__ == "__main__":
    sys.exit(main())
