"""The program `cell` sets up for real: a small checkout, a real .venv, pip without a network."""

import contextlib
import fcntl
import hashlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parents[2]
PATIENCE_S = 600
PROGRAM = """
import json, os, sys
keys = ("PYTHONPATH", "AMENT_PREFIX_PATH", "ROS_DISTRO", "VIRTUAL_ENV")
print(json.dumps({"words": sys.argv[1:], "python": sys.executable,
                  "environment": {k: os.environ.get(k) for k in keys}}))
sys.exit(7 if "fail" in sys.argv else 0)
"""
BUILD = """
cmake_minimum_required(VERSION 3.16)
project(messages NONE)
install(FILES Word.msg DESTINATION share/messages)
"""


def write_wheel(folder: Path, name: str, version: str) -> None:
    """Write the smallest wheel that there is: one module that knows its version."""
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": f"VERSION = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\n"
        "Tag: py3-none-any\n",
    }
    rows = [
        f"{path},sha256={_digest(text)},{len(text.encode())}" for path, text in files.items()
    ] + [f"{info}/RECORD,,"]
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        for path, text in files.items():
            wheel.writestr(path, text)
        wheel.writestr(f"{info}/RECORD", "\n".join(rows) + "\n")


def _digest(text: str) -> str:
    import base64

    raw = hashlib.sha256(text.encode()).digest()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class Checkout:
    """A small repository with the real `cell` in it."""

    def __init__(self, folder: Path) -> None:
        self.root, self.wheels = folder / "a cell", folder / "wheels"
        self.wheels.mkdir()
        for name, version in (("spanner", "1.0"), ("spanner", "2.0"), ("gauge", "1.0")):
            write_wheel(self.wheels, name, version)
        self.write("requirements/runtime.lock", "spanner==1.0\n")
        self.write("requirements/test.lock", "spanner==1.0\ngauge==1.0\n")
        self.write("interfaces/hrc_cell_interfaces/CMakeLists.txt", BUILD)
        self.write("interfaces/hrc_cell_interfaces/Word.msg", "string word\n")
        self.write("setup.py", "")
        for package in ("hrc_cell", "hrc_cell/cli"):
            self.write(f"src/{package}/__init__.py", "")
        self.write("src/hrc_cell/cli/main.py", PROGRAM)
        shutil.copy(ROOT / "cell", self.root / "cell")

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def environment(self, **more: str) -> dict[str, str]:
        return {
            **os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": self.wheels.as_uri(),
            "PIP_CONFIG_FILE": os.devnull, **more,
        }  # fmt: skip

    def start(self, *words: str, python: str = sys.executable, **more: str) -> subprocess.Popen:
        return subprocess.Popen(
            [python, self.root / "cell", *words], cwd=self.wheels, env=self.environment(**more),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def run(self, *words: str, **more: str) -> subprocess.CompletedProcess:
        process = self.start(*words, **more)
        out, err = process.communicate(timeout=PATIENCE_S)
        return subprocess.CompletedProcess(words, process.returncode, out, err)

    def told(self, *words: str, **more: str) -> dict:
        """Run, and return what the program that was handed over to printed."""
        done = self.run(*words, **more)
        assert done.returncode == 0, done.stderr
        return {**json.loads(done.stdout), "stages": stages(done.stderr)}

    def version(self, module: str) -> str:
        ask = f"import {module}; print({module}.VERSION)"
        python = self.root / ".venv" / "bin" / "python"
        return subprocess.run(
            [python, "-c", ask], capture_output=True, text=True, check=True
        ).stdout.strip()


def stages(printed: str) -> list[str]:
    """Return what was set up, in order."""
    head = "cell: setting up "
    return [
        line.removeprefix(head).removesuffix(" ...")
        for line in printed.splitlines() if line.startswith(head)
    ]  # fmt: skip


ALL = ["venv", "requirements", "interfaces", "package"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A checkout that was set up once."""
    for tool in ("cmake", "ninja", "cc", "c++"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    checkout = Checkout(tmp_path_factory.mktemp("setup"))
    told = checkout.told("up", "--port", "0")
    assert told["stages"] == ALL
    assert told["words"] == ["up", "--port", "0"]
    return checkout


@pytest.fixture(scope="module")
def program():
    """The functions of `cell`, for what no machine at hand lacks."""
    loader = SourceFileLoader("cell_program", str(ROOT / "cell"))
    writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    module = module_from_spec(spec_from_loader("cell_program", loader))
    loader.exec_module(module)
    sys.dont_write_bytecode = writes
    return module


def test_a_second_run_sets_nothing_up_and_hands_everything_over(made):
    told = made.told("doctor", "--json")
    assert told["stages"] == []
    assert told["words"] == ["doctor", "--json"]
    assert Path(told["python"]).parent == made.root / ".venv" / "bin"


def test_the_exit_code_is_that_of_the_program(made):
    assert made.run("fail").returncode == 7


def test_the_installed_program_works_without_cell(made):
    done = subprocess.run(
        [made.root / ".venv" / "bin" / "hrc-cell", "two words"], capture_output=True, text=True
    )
    assert json.loads(done.stdout)["words"] == ["two words"]


def test_only_the_tests_ask_for_the_requirements_of_the_tests(made):
    assert made.told("test", "--help")["stages"] == []
    assert made.told("test")["stages"] == ["test requirements"]
    assert made.version("gauge") == "1.0"
    assert made.told("test", "-k", "one")["stages"] == []


def test_a_changed_message_builds_the_messages_again_and_nothing_else(made):
    made.write("interfaces/hrc_cell_interfaces/Word.msg", "string other_word\n")
    assert made.told("up")["stages"] == ["interfaces"]
    installed = made.root / ".venv" / "share" / "messages" / "Word.msg"
    assert installed.read_text() == "string other_word\n"


def test_a_lock_that_cannot_be_installed_is_said_and_a_mended_one_goes_on_from_there(made):
    made.write("requirements/runtime.lock", "spanner==3.0\n")
    done = made.run("up")
    assert done.returncode == 1
    assert "spanner==3.0" in done.stderr
    assert "same command" in done.stderr
    assert made.run("up").returncode == 1  # and never takes it for whole
    made.write("requirements/runtime.lock", "spanner==2.0\n")
    assert made.told("up")["stages"] == ["requirements", "interfaces", "package"]
    assert made.version("spanner") == "2.0"


def test_a_package_that_an_interruption_left_half_unpacked_is_unpacked_again(made):
    site = next((made.root / ".venv" / "lib").glob("python*/site-packages"))
    (site / "spanner.py").unlink()
    (made.root / ".venv" / "stamps" / "requirements").unlink()
    assert made.told("up")["stages"] == ["requirements"]
    assert made.version("spanner")


def test_an_environment_without_its_stamp_is_made_anew(made):
    litter = made.root / ".venv" / "half"
    litter.touch()
    (made.root / ".venv" / "stamps" / "venv").unlink()
    assert made.told("up")["stages"] == ALL
    assert not litter.exists()


def test_a_moved_checkout_is_set_up_again_also_by_its_own_python(made, tmp_path):
    moved = Checkout(tmp_path)
    shutil.copytree(made.root / ".venv", moved.root / ".venv", symlinks=True)
    told = moved.told("up", python=str(moved.root / ".venv" / "bin" / "python"))
    assert told["stages"] == ALL
    assert told["environment"]["VIRTUAL_ENV"] == str(moved.root / ".venv")


def test_two_at_once_set_up_once(tmp_path, made):
    checkout = Checkout(tmp_path)
    both = [checkout.start("up"), checkout.start("up")]
    printed = [process.communicate(timeout=PATIENCE_S) for process in both]
    assert [process.returncode for process in both] == [0, 0], printed
    assert sorted(stages(printed[0][1]) + stages(printed[1][1])) == sorted(ALL)


@pytest.fixture
def slow(tmp_path, made):
    """A set-up in the middle of a command that takes long; and that command's process."""
    checkout = Checkout(tmp_path)
    told = tmp_path / "process"
    wait = f"execute_process(COMMAND sh -c \"echo $$ > '{told}'; exec sleep {PATIENCE_S}\")\n"
    checkout.write("interfaces/hrc_cell_interfaces/CMakeLists.txt", wait.replace("$$", "\\$\\$"))
    process = checkout.start("up")
    end_s = time.monotonic() + PATIENCE_S
    while not (told.exists() and told.read_text().endswith("\n")):
        assert process.poll() is None and time.monotonic() < end_s, process.communicate()
        select.select([], [], [], 0.05)
    command = psutil.Process(int(told.read_text()))
    yield checkout, process, command
    for one in (process, command):
        with contextlib.suppress(ProcessLookupError, psutil.NoSuchProcess):
            one.kill()
    process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_told_to_end_it_ends_what_it_started_too(slow, number):
    _, process, command = slow
    process.send_signal(number)
    _, printed = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert "goes on from here" in printed
    command.wait(PATIENCE_S)


def test_what_a_killed_set_up_left_running_still_keeps_others_out(slow):
    checkout, process, command = slow
    process.kill()
    process.wait()
    with (checkout.root / ".cell.lock").open("w") as lock:
        with pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for parent in command.parents():  # cmake
            if parent.cmdline()[:1] and "cmake" in parent.cmdline()[0]:
                parent.kill()
        command.kill()
        fcntl.flock(lock, fcntl.LOCK_EX)


def test_another_python_that_calls_later_leaves_the_environment_alone(made):
    here = f"python3.{sys.version_info[1]}"
    for minor in range(7, 14):
        other = shutil.which(f"python3.{minor}")
        if other and other.rsplit("/", 1)[-1] != here and works(other):
            assert made.told("up", python=other)["stages"] == []
            return
    pytest.skip("only one Python is installed")


def works(python: str) -> bool:
    return subprocess.run([python, "-c", ""], capture_output=True).returncode == 0


def test_a_sourced_ros_is_left_aside_and_that_is_said(made):
    (made.root / ".venv" / "stamps" / "package").unlink()
    sourced = {"ROS_DISTRO": "jazzy", "AMENT_PREFIX_PATH": "/opt/ros/jazzy", "PYTHONPATH": "/opt"}
    done = made.run("up", **sourced)
    assert "ROS jazzy is sourced here" in done.stderr
    environment = json.loads(done.stdout)["environment"]
    assert environment["PYTHONPATH"] is None
    assert environment["ROS_DISTRO"] is None
    assert environment["AMENT_PREFIX_PATH"] == str(made.root / ".venv")


def test_without_a_compiler_nothing_is_begun_and_the_package_to_install_is_named(tmp_path):
    checkout = Checkout(tmp_path)
    done = checkout.run("up", PATH=str(tmp_path))
    assert done.returncode == 1
    assert "build-essential" in done.stderr
    assert not (checkout.root / ".venv").exists()


@pytest.fixture
def refused(program):
    """A call that returns what another call refuses with."""

    def why(call) -> str:
        with pytest.raises(program.Refused) as refusal:
            call()
        return str(refusal.value)

    return why


def test_a_python_out_of_range_is_named_with_what_is_needed(program, refused, monkeypatch):
    monkeypatch.setattr(program, "OLDEST", (3, 98))
    monkeypatch.setattr(program, "NEWEST", (3, 99))
    text = refused(program.usable_python)
    assert f"this is Python {sys.version_info[0]}.{sys.version_info[1]}." in text
    assert "3.98 to 3.99" in text


def test_other_machines_are_sent_to_a_distribution(program, refused, monkeypatch):
    monkeypatch.setattr(program.platform, "machine", lambda: "aarch64")
    text = refused(program.check_machine)
    assert "aarch64" in text
    assert "ROS 2 distribution" in text


def test_other_c_libraries_are_sent_to_a_distribution(program, refused, monkeypatch):
    monkeypatch.setattr(program.platform, "libc_ver", lambda: ("", ""))
    assert "glibc" in refused(program.check_machine)
    monkeypatch.setattr(program.platform, "libc_ver", lambda: ("glibc", "2.27"))
    assert "glibc 2.28 or later, this is glibc 2.27" in refused(program.check_machine)


def test_a_full_disk_is_said_before_anything_is_written(program, refused, monkeypatch, tmp_path):
    monkeypatch.setattr(program, "PYTHON", tmp_path / "none")
    monkeypatch.setattr(program.shutil, "disk_usage", lambda path: Usage())
    assert "0.1 GB are free" in refused(program.check_machine)


class Usage:
    """A disk with hardly any room."""

    free = 100_000_000


def test_missing_headers_are_named_with_their_package(program, refused, monkeypatch, tmp_path):
    monkeypatch.setattr(program, "usable_python", lambda: ("python3.12", tmp_path / "python3.12"))
    monkeypatch.setattr(program, "check_compiler", lambda: None)
    assert "python3.12-dev" in refused(program.make_venv)
