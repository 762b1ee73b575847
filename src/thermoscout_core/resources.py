"""Where the shipped files are: models, rule sets, configuration.

They lie in ``share/thermoscout`` of the installation (pip's or colcon's) or in the source tree.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from thermoscout_core.errors import ConfigurationError

_HERE = Path(__file__).resolve()


def _roots() -> list[Path]:
    installed = [parent / "share" / "thermoscout" for parent in _HERE.parents]
    return [_HERE.parents[2], *installed]


def resource_path(relative: str) -> Path:
    """The shipped file of that name, such as ``config/rules/dlt664.yaml``.

    Raises ConfigurationError when the installation lacks it.
    """
    for root in _roots():
        candidate = root / relative
        if candidate.is_file():
            return candidate
    raise ConfigurationError(
        f"the installation lacks {relative}; install Thermoscout again "
        "(pip install . or colcon build), or give the path of your own file"
    )


def sha256_of(path: Path | str) -> str:
    """SHA-256 of a file, in hexadecimal; "" when the file is gone."""
    file = Path(path)
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else ""
