"""TensorRT 10's types for mypy, from the wheel of its stubs.

The wheel asks for TensorRT itself, which is several GB and isn't needed to check types: so it is
installed alone, into a folder of its own. Five of its signatures aren't Python, and are mended.
"""

from __future__ import annotations

from pathlib import Path

STUB = Path("tensorrt_bindings") / "tensorrt.pyi"
REPAIRS = (
    ("in: list[", "inputs: list["),  # a keyword
    (
        "power: Weights = None, channel_axis: int)",
        "power: Weights = None, channel_axis: int = ...)",
    ),
)


def repair(folder: Path) -> None:
    """Mend the stubs in that folder; they stay as they are when they are whole."""
    path = folder / STUB
    text = path.read_text(encoding="utf-8")
    for wrong, right in REPAIRS:
        text = text.replace(wrong, right)
    path.write_text(text, encoding="utf-8")
