"""A camera that may have one of several network addresses, such as 10.0.0.5,10.0.0.9:8080."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from thermoscout_core.errors import DeviceError, LoginError

Opened = TypeVar("Opened")


def first_that_answers(addresses: Sequence[str], open_at: Callable[[str], Opened]) -> Opened:
    """What open_at gives for the first address at which it raises no DeviceError.

    Raises DeviceError with the reasons of all; LoginError when one of them is a refused password.
    """
    errors: list[DeviceError] = []
    for address in addresses:
        try:
            return open_at(address)
        except DeviceError as error:
            errors.append(error)
    refused = any(isinstance(error, LoginError) for error in errors)
    reasons = "; ".join(str(error) for error in errors)
    raise (LoginError if refused else DeviceError)(reasons) from errors[-1]


def host_of(address: str) -> str:
    """host:port/path -> host."""
    return address.partition("/")[0].partition(":")[0]
