"""What a training asks of the machine."""

import platform
import subprocess
import sys

import pytest

pytest.importorskip("torch")

FAULTS = """
import resource, sys
import torch
from thermoscout_core.learning.training.machine import keep_memory

if sys.argv[1] == "kept":
    assert keep_memory()
for _ in range(30):
    torch.ones(12_000_000)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    torch.ones(12_000_000)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def page_faults(how: str) -> int:
    """Of ten tensors of 48 MB, made and freed one after the other."""
    answer = subprocess.run(
        [sys.executable, "-c", FAULTS, how], capture_output=True, text=True, check=True
    )
    return int(answer.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="mallopt is glibc's")
def test_memory_that_a_step_frees_is_there_for_the_next() -> None:
    assert page_faults("kept") < page_faults("as it comes") / 10
