"""Sets up Thermoscout's environment: .venv with ROS 2 and the core, the built workspace in .ros.

Used by the Makefile through scripts/setup. Each part is done again only when what it is made
from has changed; --tests adds what the tests and the training need.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import prerequisites
import ros_distribution
import ros_wheels
import tensorrt_types
from logged_processes import SetupError, run_logged

REPOSITORY = Path(__file__).resolve().parent.parent
VENV = REPOSITORY / ".venv"
PYTHON = VENV / "bin" / "python"
TYPES = VENV / "types"
WORKSPACE = REPOSITORY / ".ros"
STAMP = WORKSPACE / "stamp.json"
REQUIREMENTS = REPOSITORY / "requirements"
VISION_MSGS = REPOSITORY / "interfaces" / "vision_msgs"

Environment = dict[str, str] | None


def main() -> int:
    parser = argparse.ArgumentParser(description="Set up Thermoscout's environment.")
    parser.add_argument("--tests", action="store_true", help="also what tests and training need")
    arguments = parser.parse_args()
    started = time.monotonic()
    try:
        with one_at_a_time():
            worked = Setup().run(with_tests=arguments.tests)
    except SetupError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    if worked:
        print(f"Set up in {time.monotonic() - started:.0f} s.")
    return 0


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Lets a second set-up in the same folder wait for the first."""
    folder = os.open(REPOSITORY / "scripts", os.O_RDONLY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("Waiting for another set-up in this folder")
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


class Setup:
    """The parts of the set-up, in their order, and the stamp that says which are done."""

    def __init__(self) -> None:
        self.prefixes = ros_distribution.sourced_prefixes(REPOSITORY)
        self.private = not self.prefixes
        self.done: dict[str, str] = json.loads(STAMP.read_text()) if STAMP.is_file() else {}
        self.base = dict(os.environ) if self.prefixes else ros_distribution.clean_environment(VENV)
        if self.prefixes:
            self.base["PATH"] = f"{VENV / 'bin'}{os.pathsep}{self.base['PATH']}"
            self.base["VIRTUAL_ENV"] = str(VENV)

    def run(self, with_tests: bool) -> bool:
        """Does what is not done yet; returns whether there was anything to do."""
        if any(character in str(REPOSITORY) for character in " :;\"'$"):
            raise SetupError(
                f"ROS 2's tools can't work in a folder with a space, a quote or a colon in its "
                f"path: {REPOSITORY}\nMove Thermoscout to another one and run the command again."
            )
        if self.done.get("environment") != self._environment_key() or not PYTHON.exists():
            self.done.clear()
        if not (WORKSPACE / "install" / "local_setup.bash").exists():
            self.done.pop("workspace", None)
        parts = [
            ("environment", self._environment_key(), self._make_environment),
            ("requirements", self._requirements_key(), self._install_requirements),
            ("package", self._package_key(), self._install_package),
            ("workspace", self._workspace_key(), self._build_workspace),
        ]
        if with_tests:
            parts.append(("tests", self._tests_key(), self._install_test_requirements))
        stale = [(name, key, action) for name, key, action in parts if self.done.get(name) != key]
        if stale:
            missing = prerequisites.missing_prerequisites()
            if missing:
                raise SetupError(prerequisites.missing_message(missing))
        for name, key, action in stale:
            action()
            self.done[name] = key
            STAMP.parent.mkdir(exist_ok=True)
            STAMP.with_suffix(".new").write_text(json.dumps(self.done, indent=2))
            STAMP.with_suffix(".new").replace(STAMP)
        return bool(stale)

    # What each part is made from

    def _environment_key(self) -> str:
        ros = ros_distribution.prefix_of(self.prefixes, "rclpy")
        # Unless another Python is asked for, the environment keeps the one that it has.
        python = sys.version if os.environ.get("PYTHON") else self.done.get("python", sys.version)
        return _digest([str(REPOSITORY), python, str(ros or "wheels")])

    def _requirements_key(self) -> str:
        names = ["core.txt", "ros.txt"] if self.private else ["core.txt"]
        return _digest(names, (REQUIREMENTS / name for name in names))

    def _package_key(self) -> str:
        core_version = REPOSITORY / "src" / "thermoscout_core" / "__init__.py"
        return _digest([], [REPOSITORY / "setup.py", REPOSITORY / "pyproject.toml", core_version])

    def _workspace_key(self) -> str:
        contents = [
            *_files(REPOSITORY / "msg"),
            *_files(VISION_MSGS),
            *(REPOSITORY / "src").glob("*.cfg"),
            REPOSITORY / "CMakeLists.txt",
            REPOSITORY / "package.xml",
        ]
        # These are installed as links: a change inside a file needs no build, a new name does.
        linked = [
            path.relative_to(REPOSITORY).as_posix()
            for folder in ("src", "launch", "config", "models")
            for path in _files(REPOSITORY / folder)
        ]
        vision_msgs = f"builds vision_msgs: {self._builds_vision_msgs()}"
        return _digest([self._requirements_key(), vision_msgs, *linked], contents)

    def _builds_vision_msgs(self) -> bool:
        return ros_distribution.prefix_of(self.prefixes, "vision_msgs") is None

    def _tests_key(self) -> str:
        names = ("test.txt", "train.txt", "types.txt")
        return _digest([], (REQUIREMENTS / name for name in names))

    # The parts

    def _make_environment(self) -> None:
        if self.private:
            refusal = ros_distribution.wheels_refusal()
            if refusal:
                raise SetupError(refusal)
            for setup_file in ros_distribution.installed_but_not_sourced():
                print(f"ROS 2 is installed here; to use it: source {setup_file}")
        for folder in (VENV, WORKSPACE):
            if folder.exists():
                shutil.rmtree(folder)
        version = ".".join(str(part) for part in sys.version_info[:3])
        _say(f"Making a virtual environment with Python {version} in .venv")
        options = [] if self.private else ["--system-site-packages"]
        self.done["python"] = sys.version
        self._call("venv", [sys.executable, "-m", "venv", *options, str(VENV)])

    def _install_requirements(self) -> None:
        core = ["-r", str(REQUIREMENTS / "core.txt")]
        if self.private:
            _say("Installing ROS 2 Jazzy and the core's libraries from Python wheels")
            self._pip("requirements", *core, "-r", str(REQUIREMENTS / "ros.txt"))
            headers = "import sysconfig; print(sysconfig.get_paths()['include'])"
            numpy_headers = "import numpy; print(numpy.get_include())"
            ros_wheels.correct_cmake_exports(
                VENV, self._output(headers), self._output(numpy_headers)
            )
        else:
            distribution = os.environ.get("ROS_DISTRO", "(unnamed)")
            _say(f"Installing the core's libraries beside the sourced ROS 2 {distribution}")
            self._pip("requirements", *core, *self._distribution_requirements())

    def _distribution_requirements(self) -> list[str]:
        """numpy of the generation that the distribution was built with; OpenCV if it has none."""
        major = self._output(
            "try:\n import numpy; print(numpy.__version__.split('.')[0])\n"
            "except ImportError: print(1)"
        )
        wanted = ["numpy>=2,<3" if major == "2" else "numpy>=1.26,<2"]
        if self._output("import importlib.util as u; print(u.find_spec('cv2'))") == "None":
            wanted.append("opencv-python-headless>=4.8")
        if not shutil.which("colcon"):
            raise SetupError(
                "colcon, which builds ROS 2 packages, is missing. Bring it with:\n"
                "  sudo apt install python3-colcon-common-extensions"
            )
        return wanted

    def _install_package(self) -> None:
        _say("Installing the thermoscout command")
        self._pip("package", "--no-deps", "--no-build-isolation", "--editable", str(REPOSITORY))

    def _build_workspace(self) -> None:
        packages = [self._linked_sources()]
        if self._builds_vision_msgs():
            packages.append(VISION_MSGS)
        names = " and ".join(path.name for path in reversed(packages))
        _say(f"Building {names} with colcon")
        environment = self.base
        if self.private:
            environment = ros_wheels.wheel_environment(VENV, self.base)
        # colcon's own choice stops starting compilers while the machine has other work.
        environment = {**environment, "MAKEFLAGS": f"-j{len(os.sched_getaffinity(0))}"}
        self._remove_what_is_gone(len(packages))
        self._call(
            "colcon",
            [
                str(VENV / "bin" / "colcon") if self.private else "colcon",
                *("--log-base", str(WORKSPACE / "log")),
                "build",
                *("--build-base", str(WORKSPACE / "build")),
                *("--install-base", str(WORKSPACE / "install")),
                *("--paths", *(str(path) for path in packages)),
                "--merge-install",
                "--symlink-install",
                *("--cmake-args", "-DCMAKE_BUILD_TYPE=Release", "-DBUILD_TESTING=OFF"),
                f"-DPython3_EXECUTABLE={PYTHON}",
            ],
            environment,
        )

    def _remove_what_is_gone(self, packages: int) -> None:
        """What was installed from files that are gone must not stay behind."""
        install = WORKSPACE / "install"
        if packages == 1 and (install / "share" / "vision_msgs").exists():
            shutil.rmtree(install)
        for path in install.rglob("*"):
            if path.is_symlink() and not path.exists():
                path.unlink()

    def _linked_sources(self) -> Path:
        """The package as links beside the virtual environment.

        CMake refuses header folders that lie under a package's sources, as .venv does here.
        """
        sources = WORKSPACE / "src" / "thermoscout"
        sources.mkdir(parents=True, exist_ok=True)
        for name in ("CMakeLists.txt", "package.xml", "config", "launch", "models", "msg", "src"):
            link = sources / name
            if not link.is_symlink():
                link.symlink_to(os.path.relpath(REPOSITORY / name, sources))
        return sources

    def _install_test_requirements(self) -> None:
        _say("Installing what the tests and the training need (torch is large)")
        files = (REQUIREMENTS / "test.txt", REQUIREMENTS / "train.txt")
        self._pip("tests", *(word for path in files for word in ("-r", str(path))))
        types = ["--upgrade", "--target", str(TYPES), "-r", str(REQUIREMENTS / "types.txt")]
        self._pip("types", "--no-deps", *types)
        tensorrt_types.repair(TYPES)
        self._call("aravis", [str(REPOSITORY / "scripts" / "fetch_aravis")])

    # Processes

    def _pip(self, log_name: str, *arguments: str) -> None:
        pip = [str(PYTHON), "-m", "pip", "--require-virtualenv", "--disable-pip-version-check"]
        # Python compiles a module when it is first used; compiling all of them here takes longer.
        options = ["--no-input", "install", "--no-compile"]
        self._call(f"pip-{log_name}", [*pip, *options, *arguments])

    def _output(self, code: str) -> str:
        environment = {**self.base, "_ROS_WHEELS_BOOTSTRAP_COMPLETE": "1"}
        done = subprocess.run(
            [str(PYTHON), "-c", code], env=environment, text=True, check=True, capture_output=True
        )
        return done.stdout.strip()

    def _call(self, name: str, command: Sequence[str], environment: Environment = None) -> None:
        log = WORKSPACE / "log" / f"{name}.txt"
        run_logged(log, command, REPOSITORY, environment or self.base)


def _say(text: str) -> None:
    print(f"-- {text}", flush=True)


def _files(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and ".egg-info" not in str(path)
    )


def _digest(words: Iterable[str], files: Iterable[Path] = ()) -> str:
    digest = hashlib.sha256()
    for word in words:
        digest.update(word.encode() + b"\0")
    for path in sorted(files):
        digest.update(path.relative_to(REPOSITORY).as_posix().encode() + b"\0")
        digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()


if __name__ == "__main__":
    sys.exit(main())
