"""Message definitions of the sourced ROS 2 installation, for bags that explain themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ament_index_python.packages import PackageNotFoundError, get_package_share_directory
from rosbags.interfaces import Nodetype
from rosbags.typesys import Stores, get_types_from_msg, get_typestore
from rosbags.typesys.store import Typestore

from thermoscout_core.errors import ConfigurationError


def _definition(type_name: str) -> str:
    """The .msg text of pkg/msg/Name, from the installation."""
    package, _, name = type_name.split("/")
    try:
        path = Path(get_package_share_directory(package)) / "msg" / f"{name}.msg"
        return path.read_text(encoding="utf-8")
    except (PackageNotFoundError, OSError) as error:
        raise ConfigurationError(
            f"the definition of {type_name} isn't installed ({error}); install {package} or "
            "exclude the topics of that type"
        ) from error


def _nested(description: Any) -> list[str]:
    kind, detail = description
    if kind is Nodetype.NAME:
        return [detail]
    if kind in (Nodetype.ARRAY, Nodetype.SEQUENCE):
        return _nested(detail[0])
    return []


class InstalledTypes:
    """A rosbags type store that is filled from the installation as types are asked for."""

    def __init__(self) -> None:
        self.store: Typestore = get_typestore(Stores.EMPTY)

    def require(self, type_name: str) -> None:
        """Make pkg/msg/Name and all that it holds known. Raises ConfigurationError if missing."""
        found: dict[str, Any] = {}
        asked = [type_name]
        while asked:
            name = asked.pop()
            if name in found or name in self.store.fielddefs:
                continue
            types = get_types_from_msg(_definition(name), name)
            found.update(types)
            for _constants, fields in types.values():
                for _field, description in fields:
                    asked.extend(_nested(description))
        if found:
            self.store.register(found)

    def problem_with(self, type_name: str, recorded_hash: str) -> str:
        """Why messages recorded as pkg/msg/Name with that RIHS01 hash can't be sent here; "" when
        they can."""
        try:
            self.require(type_name)
        except ConfigurationError as error:
            return str(error)
        if recorded_hash and self.store.hash_rihs01(type_name) != recorded_hash:
            return f"{type_name} was recorded with another definition than the installed one"
        return ""
