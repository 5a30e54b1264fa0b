"""A V1 class as a node of ours."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from app.engine.media import Image, Latent, Mask
from app.graph.spec import Input, NodeSpec, Output
from app.interop.flat import SCHEMA, told_apart
from app.interop.names import placeholder_type
from app.interop.packs import kinds
from app.interop.packs.calling import RUNNING, Calling
from app.interop.packs.checking import INPUT_TYPES, Asked, Checking, asked
from app.interop.packs.info import object_info
from app.interop.packs.options import read_input
from app.interop.packs.v1 import V1Class
from app.interop.packs.world import World

STORED: dict[str, type] = {
    kind.__name__: kind for kind in (Image, Mask, Latent)
}  # types that results on disk are made of
DESCRIPTION = 2000  # characters that the canvas shows


def describe(node: V1Class, world: World) -> NodeSpec:
    """Return the class as a node; raises what a class that is not well made raises."""
    node.function()
    wanted = asked(node.kind)
    inputs = tuple(read_inputs(node, wanted))
    outputs = tuple(read_outputs(node))
    checking, calling = Checking(node, world.made_types), Calling(node, world, outputs)
    return NodeSpec(
        id=placeholder_type(node.class_type),
        title=node.title,
        category=category(node),
        description=description(node),
        references=(),
        inputs=inputs,
        outputs=outputs,
        version=node.digest,
        output_node=node.is_output(),
        function=function(calling, outputs),
        context_parameter=RUNNING,
        lane="async" if node.is_async() else "device",
        needs=calling.needs if hasattr(node.kind, "check_lazy_status") else None,
        outside={SCHEMA: object_info(node)},
        open=True,
        takes=node.takes,
        checks_itself=True,
        own_check=checking.faults,
        whole=node.input_is_list(),
        changed=checking.changed if hasattr(node.kind, "IS_CHANGED") else None,
    )


def read_inputs(node: V1Class, wanted: Asked) -> Iterable[Input]:
    own_types = INPUT_TYPES in wanted.names
    for entry in node.inputs():
        yield read_input(entry, own_types=own_types, unchecked=wanted.of(entry.name))


def read_outputs(node: V1Class) -> Iterable[Output]:
    """Name the outputs as ComfyUI's files do; of several with one name, the later ones get a number."""
    names, lists = told_apart(node.output_names()), node.output_is_list()
    for name, kind, many in zip(names, node.kind.RETURN_TYPES, lists, strict=True):
        yield Output(name, kinds.ours(kind), many)


def category(node: V1Class) -> str:
    """Return the place in the menu: packs/<pack>/<the category of the class>."""
    inner = str(getattr(node.kind, "CATEGORY", "")).strip("/")
    return "/".join(part for part in ("packs", node.pack, inner) if part)


def description(node: V1Class) -> str:
    """Return the class's own description, else where it comes from."""
    told = " ".join(str(getattr(node.kind, "DESCRIPTION", "") or "").split())
    return told[:DESCRIPTION] or f"{node.title}, from the pack {node.pack}."


def function(calling: Calling, outputs: tuple[Output, ...]) -> Callable[..., Any]:
    """Return the function of the node; its return type tells which results can be kept on disk."""
    fields = [(f"output_{n}", hint(output)) for n, output in enumerate(outputs)]
    together: Any = NamedTuple("Results", fields)  # type: ignore[misc]

    def run(**named: Any) -> Any:
        answer = calling.run(named)
        return together(*answer) if isinstance(answer, tuple) else answer

    run.__annotations__ = {"return": together}
    run.__name__ = re.sub(r"\W", "_", calling.node.class_type)
    return run


def hint(output: Output) -> Any:
    kind: Any = STORED.get(output.type, object)
    return list[kind] if output.multiple else kind
