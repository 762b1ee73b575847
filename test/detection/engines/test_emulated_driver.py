"""test/gpu/test_devices.py and emulated_whole_way.py on an emulated CUDA driver: the real bindings,
no GPU. In processes of their own, so that no other test finds one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
GPU_TESTS = HERE.parents[1] / "gpu"
RUN = "import os, sys; sys.setdlopenflags(os.RTLD_LAZY); import pytest; sys.exit(pytest.main())"
"""PyCUDA names all of the driver's functions, and the emulated one has those that it calls."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the emulated libcuda lies."""
    made = tmp_path_factory.mktemp("driver")
    subprocess.run(
        [
            *("cc", "-Wall", "-Werror", "-shared", "-fPIC", "-Wl,-soname,libcuda.so.1"),
            *("-o", str(made / "libcuda.so.1"), str(HERE / "emulated_driver.c")),
            *("-lpthread", "-ldl"),
        ],
        check=True,
    )
    return made


@pytest.mark.parametrize(
    "path",
    [GPU_TESTS / "test_devices.py", HERE / "emulated_whole_way.py"],
    ids=lambda path: path.stem,
)
def test_on_the_emulated_driver(folder: Path, path: Path) -> None:
    libraries = os.pathsep.join(filter(None, [str(folder), os.environ.get("LD_LIBRARY_PATH")]))
    told = subprocess.run(
        [sys.executable, "-c", RUN, "-q", "-rs", "-p", "no:cacheprovider", str(path)],
        env={**os.environ, "LD_LIBRARY_PATH": libraries, "CUDA_VISIBLE_DEVICES": ""},
        cwd=HERE.parents[2],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert told.returncode == 0, told.stdout + told.stderr
    assert " passed" in told.stdout, told.stdout
    assert "cuda_python: " not in told.stdout, told.stdout
