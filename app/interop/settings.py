"""Give the values of a drawn ComfyUI node their names back: the file lists them by position only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.interop.flat import Place, Setting

CONTROL = "control_after_generate"
CONTROLS = {"fixed", "increment", "decrement", "randomize"}
CONTROLLED = {"seed", "noise_seed", "value", "rand_seed"}  # the widgets that such an extra value may follow
UNNAMED = "widgets_values"  # the name under which values stay when nothing tells their names


def settings_of(raw: Mapping[str, Any], order: Sequence[str] | None) -> dict[str, Setting]:
    """Return the typed-in values of a drawn node by name; `order` is that of its widgets, if known."""
    values, named = raw.get("widgets_values"), raw.get("widgets_values_named")
    if isinstance(named, dict) and named:
        return from_names(named, values)
    if isinstance(values, dict):
        return from_names(values, None)
    if not isinstance(values, list) or not values:
        return {}
    names = positions(values, order) if order is not None else self_told(raw, values)
    if names is None:
        return {UNNAMED: Setting(values, (Place(raw, "widgets_values"),))}
    return {
        name: Setting(value, (Place(values, index),))
        for index, (name, value) in enumerate(zip(names, values, strict=False))
        if name is not None
    }


def from_names(named: dict[str, Any], values: Any) -> dict[str, Setting]:
    """Read values that have names; where the same values stand in a list too, both are their places."""
    twin = values if isinstance(values, list) and len(values) == len(named) else None
    found = {}
    for index, (name, value) in enumerate(named.items()):
        if name.startswith(CONTROL):
            continue
        places = (Place(named, name), *((Place(twin, index),) if twin is not None else ()))
        found[name] = Setting(value, places)
    return found


def positions(values: Sequence[Any], order: Sequence[str]) -> list[str | None]:
    """Name each value by the order of the widgets; None for a control value and for what is beyond them."""
    names: list[str | None] = []
    waiting = list(reversed(order))
    for value in values:
        after = names[-1] if names else None
        if after in CONTROLLED and isinstance(value, str) and value in CONTROLS:
            names.append(None)
        else:
            names.append(waiting.pop() if waiting else None)
    return names


def self_told(raw: Mapping[str, Any], values: Sequence[Any]) -> list[str | None] | None:
    """Name the values of an unknown type by the widgets among its inputs, when it lists all of them."""
    order = [entry["name"] for entry in entries(raw, "inputs") if "widget" in entry]
    names = positions(values, order)
    told = [name for name in names if name is not None]
    controls = sum(isinstance(value, str) and value in CONTROLS for value in values)
    return names if told == order and len(values) - len(told) <= controls else None


def entries(raw: Mapping[str, Any], kind: str) -> list[dict[str, Any]]:
    """Return the inputs or outputs of a drawn node that are well formed."""
    found = raw.get(kind)
    if not isinstance(found, list):
        return []
    return [entry if nameable(entry) else {"name": ""} for entry in found]


def nameable(entry: Any) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("name"), str)
