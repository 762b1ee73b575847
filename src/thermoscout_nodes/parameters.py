"""One table per node declares its parameters, validates them, applies them and documents them."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from thermoscout_core.errors import ConfigurationError

Value = bool | int | float | str
_RCLPY_PARAMETERS = ("use_sim_time", "qos_overrides.", "start_type_description_service")


@dataclass(frozen=True)
class Parameter:
    """One row of a node's table.

    default: its type is the parameter's type. minimum, maximum: inclusive bounds of a number.
    choices: the only strings allowed, empty for any. unit: as in the docs, "" for none.
    dynamic: may be set while the node is configured; others need cleanup and configure again.
    check: says why a value can't be taken, "" when it can; asked last.
    """

    name: str
    default: Value
    description: str
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    dynamic: bool = False
    check: Callable[[Any], str] | None = None

    @property
    def type_name(self) -> str:
        """The name ROS gives to the type: bool, integer, double or string."""
        return {bool: "bool", int: "integer", float: "double", str: "string"}[type(self.default)]

    @property
    def allowed(self) -> str:
        """The range or the choices in words, "" when everything of the type is allowed."""
        if self.choices:
            return ", ".join(self.choices)
        if self.minimum is None and self.maximum is None:
            return ""
        low = "-∞" if self.minimum is None else f"{self.minimum:g}"
        high = "∞" if self.maximum is None else f"{self.maximum:g}"
        return f"{low} … {high}"

    def problem_with(self, value: object) -> str:
        """Why value can't be taken, in one sentence; "" when it can."""
        if type(value) is not type(self.default):
            hint = ""
            if isinstance(self.default, float) and type(value) is int:
                hint = f"; write {value}.0 instead of {value}"
            return f"{self.name} must be a {self.type_name}, got {value!r}{hint}"
        if self.choices and value not in self.choices:
            return f"{self.name} must be one of {self.allowed}, got {value!r}"
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            too_low = self.minimum is not None and value < self.minimum
            too_high = self.maximum is not None and value > self.maximum
            if math.isnan(value) or too_low or too_high:
                unit = f" {self.unit}" if self.unit else ""
                return f"{self.name} must lie in {self.allowed or 'ℝ'}{unit}, got {value}"
        problem = self.check(value) if self.check is not None else ""
        return f"{self.name}: {problem}" if problem else ""


Table = tuple[Parameter, ...]


def names_of(value: object) -> list[str]:
    """The names in a parameter's text, which has commas between them."""
    return [name.strip() for name in str(value).split(",") if name.strip()]


def _descriptor(parameter: Parameter) -> Any:
    from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor

    unit = f" [{parameter.unit}]" if parameter.unit else ""
    descriptor = ParameterDescriptor(
        description=parameter.description + unit,
        additional_constraints="" if parameter.minimum is not None else parameter.allowed,
    )
    low, high = parameter.minimum, parameter.maximum
    if isinstance(parameter.default, bool) or (low is None and high is None):
        return descriptor
    if isinstance(parameter.default, int):
        descriptor.integer_range = [
            IntegerRange(
                from_value=-(2**31) if low is None else int(low),
                to_value=2**31 - 1 if high is None else int(high),
            )
        ]
    elif isinstance(parameter.default, float):
        descriptor.floating_point_range = [
            FloatingPointRange(
                from_value=-1e308 if low is None else float(low),
                to_value=1e308 if high is None else float(high),
            )
        ]
    return descriptor


class ParameterServer:
    """Declares a table on a node and keeps its values.

    apply: called after an accepted change with the names that changed. configured: tells whether
    the node holds resources made from the parameters, so that only dynamic ones may change.
    Raises ConfigurationError naming the node, the parameter and the remedy when a value given in
    a file or on the command line can't be taken.
    """

    def __init__(
        self,
        node: Any,
        table: Sequence[Parameter],
        apply: Callable[[set[str]], None],
        configured: Callable[[], bool],
    ) -> None:
        self._node = node
        self._table = {parameter.name: parameter for parameter in table}
        self._apply = apply
        self._configured = configured
        self._refuse_unknown()
        for parameter in table:
            self._declare(parameter)
        node.add_on_set_parameters_callback(self._validate)
        self._applies_after_set = hasattr(node, "add_post_set_parameters_callback")
        if self._applies_after_set:
            node.add_post_set_parameters_callback(self._changed)

    def __getitem__(self, name: str) -> Any:
        return self._node.get_parameter(name).value

    def _refuse_unknown(self) -> None:
        for name in self._node._parameter_overrides:
            if name in self._table or name.startswith(_RCLPY_PARAMETERS):
                continue
            near = difflib.get_close_matches(name, self._table, n=1)
            hint = f"did you mean {near[0]}?" if near else f"it has {', '.join(self._table)}"
            raise ConfigurationError(
                f"{self._node.get_fully_qualified_name()}: unknown parameter {name}; {hint}"
            )

    def _declare(self, parameter: Parameter) -> None:
        from rclpy.exceptions import (
            InvalidParameterTypeException,
            InvalidParameterValueException,
        )

        try:
            declared = self._node.declare_parameter(
                parameter.name, parameter.default, _descriptor(parameter)
            )
            problem = parameter.problem_with(declared.value)
        except (InvalidParameterTypeException, InvalidParameterValueException) as error:
            given = self._node._parameter_overrides.get(parameter.name)
            problem = parameter.problem_with(getattr(given, "value", None)) or str(error)
        if problem:
            raise ConfigurationError(
                f"{self._node.get_fully_qualified_name()}: parameter {problem}"
            )

    def _validate(self, parameters: Sequence[Any]) -> Any:
        from rcl_interfaces.msg import SetParametersResult

        for given in parameters:
            parameter = self._table.get(given.name)
            if parameter is None:
                continue
            problem = parameter.problem_with(given.value)
            if not problem and not parameter.dynamic and self._configured():
                problem = f"{given.name} is read at configure; set it after 'cleanup'"
            if problem:
                return SetParametersResult(successful=False, reason=problem)
        if not self._applies_after_set:  # Humble: no post-set callback, and only this validator
            names = {given.name for given in parameters}
            self._node.call_soon(lambda: self._changed_names(names))
        return SetParametersResult(successful=True)

    def _changed(self, parameters: Sequence[Any]) -> None:
        self._changed_names({given.name for given in parameters})

    def _changed_names(self, names: set[str]) -> None:
        known = names & set(self._table)
        if known and self._configured():
            self._apply(known)
