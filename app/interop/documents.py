"""Documents of all formats: ours, and ComfyUI's UI and API formats, from JSON, PNG and WebP.

A document that came from ComfyUI keeps the whole file as text in `extra`, so that nothing can get lost.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from app.graph import workflow as ours
from app.graph.catalog import Catalog
from app.graph.flatten import flatten
from app.graph.problem import Problem
from app.graph.workflow import Graph, MalformedWorkflow, Workflow
from app.interop.carriers import carried_by
from app.interop.draw import draw
from app.interop.drawing import Chosen, read_drawing
from app.interop.edits import Restructured, left_over, named_outputs, writes_for
from app.interop.flat import SCHEMA, Flat, pair
from app.interop.names import placeholder_type, widget_order
from app.interop.prompt import read_prompt, write_prompt
from app.interop.restore import restore, running
from app.interop.settings import UNNAMED
from app.interop.translate import Translation, translate

Format = Literal["native", "comfy-ui", "comfy-api"]
KEY = "comfyui"
DEEPEST = 100


@dataclass
class Opened:
    """A ComfyUI document, parsed and translated."""

    format: Format
    document: dict[str, Any]
    catalog: Catalog | None = None

    def __post_init__(self) -> None:
        self.translation: Translation = translate(self.flat())

    def flat(self) -> Flat:
        if self.format == "comfy-api":
            return read_prompt(self.document)
        return read_drawing(self.document, self.order)

    def order(self, class_type: str, chosen: Chosen) -> Sequence[str] | None:
        """Return the typed-in inputs of a class type in the order of the UI format; those of packs, too."""
        spec = self.catalog.get(placeholder_type(class_type)) if self.catalog else None
        if spec is None or SCHEMA not in spec.outside:
            return widget_order(class_type, chosen)
        return [entry.name for entry in spec.inputs if not entry.port]


@dataclass(frozen=True)
class Written:
    """A document in one of ComfyUI's formats, and what could not be said there exactly."""

    document: dict[str, Any]
    problems: list[Problem]


def read(data: bytes | str, catalog: Catalog | None = None) -> Workflow:
    """Read a document of any format; raises MalformedWorkflow for what is none."""
    return read_json(parsed(data.encode() if isinstance(data, str) else data), catalog)


def parsed(data: bytes) -> Any:
    """Return the parsed JSON that a file holds; raises MalformedWorkflow."""
    _, text = carried_by(data).best()
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MalformedWorkflow(
            f"This is not JSON: {error}.", "Open a workflow file saved by Patchloom or ComfyUI."
        ) from None


def read_json(document: Any, catalog: Catalog | None = None) -> Workflow:
    """Read a parsed document of any format; raises MalformedWorkflow.

    The API format only numbers outputs; a catalogue gives those of nodes outside the table their names.
    """
    refuse_deep(document)
    format = format_of(document)
    if format == "native":
        return ours.read(document)
    workflow = from_comfyui(Opened(format, document, catalog))
    return with_output_names(workflow, catalog) if catalog else workflow


def refuse_deep(document: Any) -> None:
    """Refuse what is nested so deep that nothing could write it again."""
    level = [document]
    for _ in range(DEEPEST):
        level = [
            entry
            for value in level
            if isinstance(value, dict | list)
            for entry in (value.values() if isinstance(value, dict) else value)
        ]
        if not level:
            return
    raise MalformedWorkflow(
        f"The document is nested more than {DEEPEST} levels deep.",
        "Open a file that ComfyUI or Patchloom saved.",
    )


def format_of(document: Any) -> Format:
    """Tell the format of a parsed document; raises MalformedWorkflow."""
    if isinstance(document, dict):
        if "format" in document and "graphs" in document:
            return "native"
        if isinstance(document.get("nodes"), list):
            return "comfy-ui"
        nodes = [entry for entry in document.values() if isinstance(entry, dict)]
        if nodes and len(nodes) == len(document) and any("class_type" in entry for entry in nodes):
            return "comfy-api"
        if isinstance(document.get("prompt"), dict):
            raise MalformedWorkflow(
                "This is a request to ComfyUI's server, not a workflow.",
                "Save the object under 'prompt' alone.",
            )
    raise MalformedWorkflow(
        "This JSON is no workflow: 'format' and 'graphs' (Patchloom), a list 'nodes' (ComfyUI) or nodes with "
        "'class_type' (ComfyUI's API format) are allowed.",
        "Open a workflow file saved by Patchloom or ComfyUI.",
    )


def from_comfyui(opened: Opened) -> Workflow:
    text = json.dumps(opened.document, separators=(",", ":"))
    graph = opened.translation.graph
    extra = {**layout(opened.document), "notes": list(opened.translation.flat.notes)}
    return Workflow(
        {"main": Graph(graph.nodes, graph.edges, {name: value for name, value in extra.items() if value})},
        extra={KEY: {"format": opened.format, "document": text}},
    )


def with_extra(workflow: Workflow, extra_data: object) -> Workflow:
    """Return a prompt with what its client wants to have in saved pictures, for packs that write them."""
    png = extra_data.get("extra_pnginfo") if isinstance(extra_data, dict) else None
    if not isinstance(png, dict):
        return workflow
    return replace(workflow, extra={**workflow.extra, KEY: {**workflow.extra[KEY], "extra_pnginfo": png}})


def layout(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the frames around nodes in our shape."""
    groups = document.get("groups")
    found = []
    for group in groups if isinstance(groups, list) else ():
        if isinstance(group, dict):
            bounding = group.get("bounding")
            bounding = bounding if isinstance(bounding, list) else []
            found.append(
                {
                    "title": str(group.get("title", "")),
                    "position": list(pair(bounding[:2])),
                    "size": list(pair(bounding[2:], (300.0, 300.0))),
                    "color": str(group.get("color") or ""),
                }
            )
    return {"groups": found}


def opened(workflow: Workflow, catalog: Catalog | None = None) -> Opened | None:
    """Return the ComfyUI file that a document came from; None when it was made here."""
    kept = workflow.extra.get(KEY)
    if not isinstance(kept, dict) or kept.get("format") not in ("comfy-ui", "comfy-api"):
        return None
    try:
        return Opened(kept["format"], json.loads(kept["document"]), catalog)
    except (KeyError, TypeError, AttributeError, ValueError, MalformedWorkflow, RecursionError):
        return None  # somebody changed it by hand; what our own part says still holds


def problems(workflow: Workflow) -> list[Problem]:
    """Return what a ComfyUI file says that ours does not say exactly, as far as it still stands there."""
    source = opened(workflow)
    if source is None:
        return []
    now, then = workflow.graph.nodes, source.translation.nodes
    return [
        problem
        for problem in source.translation.problems
        if problem.node is None or (problem.node in now and now[problem.node].type == then[problem.node].type)
    ]


def with_output_names(workflow: Workflow, catalog: Catalog) -> Workflow:
    """Name outputs that the API format only numbers (`output_0`), for nodes that the catalogue knows."""
    return replace(
        workflow, graphs={**workflow.graphs, workflow.root: named_outputs(workflow.graph, catalog)}
    )


def to_ui(workflow: Workflow, catalog: Catalog, *, here: bool = False) -> Written:
    """Return the document in ComfyUI's UI format: the file it came from, changed only where ours changed.

    `here`: for ComfyUI's frontend on this server.
    """
    source = opened(workflow, catalog)
    changed = patched(source, workflow.graph, catalog) if source else None
    if source is not None and changed is not None:
        if source.format == "comfy-ui":
            return changed
        return Written(draw(source.flat(), workflow.graph.extra), changed.problems)
    flat, found = restore(flatten(workflow).graph, catalog, here=here)
    return Written(draw(flat, workflow.graph.extra), found)


def to_api(workflow: Workflow, catalog: Catalog) -> Written:
    """Return the document in ComfyUI's API format: what takes part in a run."""
    source = opened(workflow, catalog)
    changed = patched(source, workflow.graph, catalog) if source else None
    if source is not None and changed is not None:
        if source.format == "comfy-api":
            return changed
        flat = source.flat()
        return Written(write_prompt(flat), [*changed.problems, *nameless(flat)])
    flat, found = restore(running(flatten(workflow).graph, catalog), catalog)
    return Written(write_prompt(flat), found)


def nameless(flat: Flat) -> Iterator[Problem]:
    """Tell of values that the UI format lists without names, and that the API format needs names for."""
    for id, node in flat.nodes.items():
        if UNNAMED in node.inputs and node.mode == "on":
            yield Problem(
                "comfyui_difference",
                f"{id} ({node.class_type}): its values have no names here, and the API format needs them.",
                "Save the workflow again with a newer ComfyUI, or export it there.",
                id,
                None,
                "warning",
            )


def patched(source: Opened, graph: Graph, catalog: Catalog) -> Written | None:
    """Write our changes into the file; None when it has to be written anew."""
    try:
        writes = writes_for(source.translation, named_outputs(graph, catalog), catalog)
    except Restructured:
        return None
    for place, value in writes:
        place.write(value)
    if not writes:
        return Written(source.document, [])
    again = translate(source.flat())
    return Written(source.document, left_over(graph, again.graph))
