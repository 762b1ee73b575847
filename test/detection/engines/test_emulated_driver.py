"""The real bindings to CUDA on an emulated driver: test_devices.py of test/gpu, and the whole way.

In processes of their own, so that no other test finds a GPU.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
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


def run(folder: Path, path: Path) -> None:
    libraries = os.pathsep.join(filter(None, [str(folder), os.environ.get("LD_LIBRARY_PATH")]))
    told = subprocess.run(
        [sys.executable, "-c", RUN, "-q", "-rs", "-p", "no:cacheprovider", str(path)],
        env={**os.environ, "LD_LIBRARY_PATH": libraries},
        cwd=HERE.parents[2],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert told.returncode == 0 and " passed" in told.stdout, told.stdout + told.stderr
    assert "cuda_python: " not in told.stdout, told.stdout


def test_memory_stream_graphs_and_context(folder: Path) -> None:
    run(folder, HERE.parents[1] / "gpu" / "test_devices.py")


def test_the_whole_way(folder: Path) -> None:
    try:
        import thermoscout_core.detection.engines.library  # noqa: F401
    except ModuleNotFoundError as error:
        pytest.skip(str(error))
    run(folder, HERE / "emulated_whole_way.py")
