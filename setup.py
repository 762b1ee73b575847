"""Installs thermoscout_core and the ``thermoscout`` command, without ROS 2 and without torch.

The ROS 2 package, with its messages and nodes, is built by colcon from CMakeLists.txt.
"""

import re
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).resolve().parent
SHARE = Path("share") / "thermoscout"


def core_version() -> str:
    """The version that thermoscout_core states."""
    text = (ROOT / "src" / "thermoscout_core" / "__init__.py").read_text(encoding="utf-8")
    match = re.search(r'^__version__ = "([^"]+)"$', text, re.MULTILINE)
    if match is None:
        raise RuntimeError("src/thermoscout_core/__init__.py states no __version__")
    return match.group(1)


def shared_files() -> list[tuple[str, list[str]]]:
    """The models and the configuration, for share/thermoscout of the installation."""
    patterns = ("models/*.onnx", "models/*.npz", "models/*.md", "models/*.yaml", "config/**/*")
    folders: dict[str, list[str]] = {}
    for pattern in patterns:
        for path in sorted(ROOT.glob(pattern)):
            if path.is_file():
                relative = path.relative_to(ROOT)
                folders.setdefault(str(SHARE / relative.parent), []).append(str(relative))
    return sorted(folders.items())


setup(
    name="thermoscout",
    version=core_version(),
    description="Finds overheating power equipment in infrared pictures",
    license="Apache-2.0",
    python_requires=">=3.10",
    package_dir={"": "src"},
    packages=find_packages("src", include=["thermoscout_core", "thermoscout_core.*"]),
    package_data={
        "": ["py.typed", "*.html", "*.css", "*.jinja", "*.j2", "*.json", "*.yaml", "templates/*"]
    },
    data_files=shared_files(),
    entry_points={"console_scripts": ["thermoscout = thermoscout_core.cli:app"]},
    install_requires=[
        "flyr>=5",
        "jinja2>=3",
        "matplotlib>=3.8",
        "numpy>=1.26",
        "onnxruntime>=1.17",
        "opencv-python-headless>=4.8",
        "pydantic>=2.7",
        "pyserial>=3.5",
        "PyYAML>=6",
        "requests>=2.25",
        "rich>=13",
        "scipy>=1.11",
        "typer>=0.12",
    ],
    extras_require={
        "train": [
            "faster-coco-eval>=1.6",
            "onnx>=1.16",
            "onnxscript>=0.1",
            "safetensors>=0.4",
            "torch>=2.4",
        ],
        # Filter pruning and tensor decomposition, beside train.
        "compress": ["tensorly>=0.9", "torch-pruning>=1.6"],
        # Cameras: RTSP video; GigE Vision (wheels for x86_64 only, elsewhere it builds with Rust).
        "rtsp": ["av>=14"],
        "gige": ["viva-genicam>=0.10"],
        # The live server for Foxglove.
        "foxglove": ["foxglove-sdk>=0.14"],
        "openvino": ["openvino>=2024.4"],
        "parquet": ["pyarrow>=14"],
        # PDF; the HTML report needs neither.
        "report": ["fonttools>=4.40", "reportlab>=4.2"],
        # TensorRT itself comes with JetPack; onnx puts precision and preprocessing into a file.
        "jetson": ["onnx>=1.16", "pycuda"],
        # NVIDIA GPUs of a PC, and engines built for them where there is none.
        "tensorrt-rtx": [
            "onnx>=1.16",
            "tensorrt-rtx-cu12-bindings>=1.7",
            "tensorrt-rtx-cu12-libs>=1.7",
        ],
        "test": [
            "hypothesis>=6",
            "jsonschema>=4",
            "mypy>=1.10",
            "pypdf>=4",
            "pytest>=8",
            "pytest-xdist>=3.6",
            "ruff>=0.6",
            "tifffile",
            "types-PyYAML",
        ],
    },
)
