"""VALIDATE_INPUTS and IS_CHANGED: what a class says about the values typed into a node."""

from __future__ import annotations

import inspect
import logging
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.graph.spec import NodeSpec
from app.graph.wiring import fits
from app.interop.packs import kinds
from app.interop.packs.options import ABSENT
from app.interop.packs.v1 import V1Class, accepted
from app.interop.packs.waiting import finished

log = logging.getLogger(__name__)
INPUT_TYPES = "input_types"
Made = Mapping[str, tuple[NodeSpec, str]]  # input -> the node and the output behind its edge


@dataclass(frozen=True)
class Asked:
    """What VALIDATE_INPUTS wants to know: the inputs it names, or all."""

    names: frozenset[str] = frozenset()
    all: bool = False

    def of(self, name: str) -> bool:
        """Whether it looks at an input, so that we do not."""
        return self.all or name in self.names


def asked(kind: Any) -> Asked:
    """Read the parameters of a class's VALIDATE_INPUTS."""
    function = getattr(kind, "VALIDATE_INPUTS", None)
    if function is None:
        return Asked()
    parameters = inspect.signature(function).parameters.values()
    return Asked(
        frozenset(parameter.name for parameter in parameters),
        any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters),
    )


@dataclass(frozen=True)
class Checking:
    """The two questions, as a NodeSpec has them. `made_types` has the type objects of a pack's outputs."""

    node: V1Class
    made_types: Callable[[str], Mapping[str, Any] | None]

    def faults(self, values: Mapping[str, Any], made: Made) -> Iterator[str]:
        """Say what is wrong with a call before it happens."""
        wanted = asked(self.node.kind)
        types = {name: self.made_type(*source) for name, source in made.items()}
        if INPUT_TYPES not in wanted.names:
            yield from self.wrong_types(types, made)
        if wanted.names or wanted.all:
            given = {name: value for name, value in values.items() if wanted.of(name) and value is not ABSENT}
            given |= {name: None for name in self.node.hidden() if name in wanted.names}
            if INPUT_TYPES in wanted.names:
                given[INPUT_TYPES] = types
            yield from self.refused(given)

    def wrong_types(self, types: Mapping[str, Any], made: Made) -> Iterator[str]:
        """Compare the types of edges between packs' nodes as the classes want it, where our names fit."""
        for entry in self.node.inputs():
            if entry.name not in types or self.made_types(made[entry.name][0].id) is None:
                continue
            source, output = made[entry.name]
            named = source.output(output)
            if named is None or not fits(named.type, kinds.ours(entry.kind)):
                continue  # told already
            if not kinds.fit(types[entry.name], entry.kind):
                yield f"{entry.name} takes {entry.kind}, but what is connected gives {types[entry.name]}."

    def made_type(self, spec: NodeSpec, output: str) -> Any:
        """Return the type of an output as its class declares it."""
        declared = self.made_types(spec.id)
        if declared is not None and output in declared:
            return declared[output]
        found = spec.output(output)
        return kinds.theirs(found.type) if found else "*"

    def refused(self, given: Mapping[str, Any]) -> Iterator[str]:
        """Ask VALIDATE_INPUTS; all but True is a refusal, and a text says why."""
        try:
            answer = finished(self.node.kind.VALIDATE_INPUTS(**given))
        except (Exception, SystemExit) as error:
            log.exception("VALIDATE_INPUTS of %s failed", self.node.class_type)
            answer = f"{type(error).__name__}: {error}"
        if answer is not True:
            why = str(answer) if answer else "no reason given"
            yield f"the pack '{self.node.pack}' refuses these values: {why.rstrip('.')}."

    def changed(self, values: Mapping[str, Any]) -> object:
        """Ask IS_CHANGED; when it fails, the node runs every time."""
        given = {name: value for name, value in values.items() if value is not ABSENT}
        try:
            function = self.node.kind.IS_CHANGED
            return finished(function(**accepted(function, {**dict.fromkeys(self.node.hidden()), **given})))
        except (Exception, SystemExit):
            log.exception("IS_CHANGED of %s failed; the node runs every time", self.node.class_type)
            return math.nan
