"""What a result depends on, as a short text: equal only if nothing has changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from thermoscout_core.learning.compression.model import Model
from thermoscout_core.learning.compression.step import CompressionError
from thermoscout_core.resources import sha256_of

DIGITS = 16


def fingerprint_of(model: Model, *others: Any) -> str:
    """Of a model's architecture and weights, and of further JSON values."""
    digest = hashlib.sha256(json.dumps(model.architecture.as_dict(), sort_keys=True).encode())
    for name, value in model.network.state_dict().items():
        digest.update(name.encode())
        digest.update(value.cpu().contiguous().numpy().tobytes())
    digest.update(json.dumps(others, sort_keys=True, default=str).encode())
    return digest.hexdigest()[:DIGITS]


def fingerprint_of_values(*values: Any) -> str:
    """Of JSON values (paths as text)."""
    content = json.dumps(values, sort_keys=True, default=str)
    return hashlib.sha256(content.encode()).hexdigest()[:DIGITS]


def fingerprints_of_files(paths: Sequence[Path]) -> list[str]:
    """Of what is in each file. Raises CompressionError for one that isn't there."""
    for path in paths:
        if not path.is_file():
            raise CompressionError(f"{path}: no such file, and the recipe asks for it")
    return [sha256_of(path)[:DIGITS] for path in paths]
