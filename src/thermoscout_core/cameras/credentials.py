"""User and password of a camera, from the environment or a file, never from its address."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from thermoscout_core.device_urls import DeviceUrl
from thermoscout_core.errors import ConfigurationError

DEFAULT = "env:THERMOSCOUT_CAMERA"


@dataclass(frozen=True)
class Credentials:
    """user: "" when the camera asks for none. Neither is in its repr."""

    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    def scrub(self, text: str) -> str:
        """That text without the password, for messages of other people's libraries."""
        return text.replace(self.password, "…") if self.password else text


def credentials_of(url: DeviceUrl, environment: Mapping[str, str] | None = None) -> Credentials:
    """Takes the option credentials=FILE or credentials=env:NAME (default env:THERMOSCOUT_CAMERA).

    env:NAME: the variables NAME_USER and NAME_PASSWORD; none set means none needed. FILE: YAML
    with user and password, readable by its owner alone. Raises ConfigurationError.
    """
    where = url.text("credentials", DEFAULT)
    scheme, _, name = where.partition(":")
    if scheme == "env" and name:
        values = os.environ if environment is None else environment
        return Credentials(values.get(f"{name}_USER", ""), values.get(f"{name}_PASSWORD", ""))
    return _from_file(Path(where))


def _from_file(path: Path) -> Credentials:
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: the credentials can't be read: {error}") from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigurationError(f"{path}: others may read these credentials; chmod 600 it")
    try:
        tree = yaml.safe_load(text)
    except yaml.YAMLError:
        tree = None  # the parser's message would repeat the file
    if not isinstance(tree, dict) or set(tree) != {"user", "password"}:
        raise ConfigurationError(f"{path}: credentials are two YAML lines, user: and password:")
    return Credentials(str(tree["user"]), str(tree["password"]))
