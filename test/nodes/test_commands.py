"""What `ros2 run` starts: commands that end quietly while they load."""

import configparser
import signal
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from thermoscout_nodes import commands

CFG = Path(__file__).parents[2] / "src" / "thermoscout_nodes.cfg"
ASKED_WHILE_LOADING = """
import os, signal, sys
from thermoscout_nodes import commands

class Asked:
    def find_spec(self, name, path, target=None):
        if name == "thermoscout_nodes.detector":
            os.kill(os.getpid(), signal.SIGINT)
            print("goes on", flush=True)
            raise SystemExit(0)

sys.meta_path.insert(0, Asked())
{before}
commands.detector()
"""


def run(before: str) -> subprocess.CompletedProcess[str]:
    code = ASKED_WHILE_LOADING.format(before=before)
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )


def test_asked_while_it_loads_it_ends_without_a_word() -> None:
    done = run("signal.signal(signal.SIGINT, signal.default_int_handler)")
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "")


def test_a_background_job_goes_on_ignoring() -> None:
    done = run("signal.signal(signal.SIGINT, signal.SIG_IGN)")
    assert (done.returncode, done.stdout.strip()) == (0, "goes on")


def test_the_module_gets_its_signals_back(monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    module = import_module("thermoscout_nodes.soak")
    monkeypatch.setattr(module, "main", lambda: found.append(signal.getsignal(signal.SIGINT)))
    before = signal.getsignal(signal.SIGINT)
    commands.soak()
    assert found == [before]


def test_every_command_is_there() -> None:
    parser = configparser.ConfigParser()
    parser.read(CFG)
    lines = parser["options.entry_points"]["console_scripts"].split()
    names = [line.partition(":")[2] for line in lines if ":" in line]
    assert names and all(callable(getattr(commands, name)) for name in names)
