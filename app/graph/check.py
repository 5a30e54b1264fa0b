"""Find everything that would keep a document from running, before anything runs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from app.graph.catalog import Catalog
from app.graph.expansion import Ready
from app.graph.families import Families, mismatches
from app.graph.fingerprint import values_of
from app.graph.flatten import Flat, exits, flatten, located
from app.graph.frames import INSTANCE
from app.graph.problem import Problem, listed
from app.graph.resolve import Links, ancestors, links_of, on_circle, ordered
from app.graph.spec import Input, NodeSpec
from app.graph.values import BadValue, convert, shown
from app.graph.widgets import AudioFile, ImageFile, ImageFolder, MaskPainter, ModelFile, VideoFile
from app.graph.wiring import doors, edge_problems, fed_twice, output_types
from app.graph.workflow import Graph, Link, NodeInstance, Workflow

Choices = Callable[[str, str], Collection[str]]  # (`models` or `images`, folder) -> names that exist

DAY = 86_400  # seconds


@dataclass(frozen=True)
class Checker:
    """One document against one catalogue.

    Attributes:
        choices: Tells which files exist; None skips that.
        judged: The nodes to look into; None stands for all.
    """

    graph: Graph
    catalog: Catalog
    choices: Choices | None = None
    judged: Collection[str] | None = None

    @cached_property
    def links(self) -> Links:
        return links_of(self.graph, self.catalog)

    @cached_property
    def types(self) -> Mapping[Link, str]:
        return output_types(self.graph, self.links, self.catalog)

    def nodes(self) -> Iterator[tuple[str, NodeInstance, NodeSpec]]:
        """Walk the nodes that are on and known."""
        for id, node in self.graph.nodes.items():
            if self.judged is not None and id not in self.judged:
                continue
            spec = self.catalog.get(node.type)
            if node.mode == "on" and spec is not None:
                yield id, node, spec

    def unknown_nodes(self) -> Iterator[Problem]:
        for id, node in self.graph.nodes.items():
            opened = node.type.startswith(INSTANCE)  # `flatten` has told why it was not
            if node.mode != "mute" and not opened and self.catalog.get(node.type) is None:
                yield Problem(
                    "unknown_node",
                    f"{id}: there is no node type '{node.type}'.",
                    "Load the pack that has it with --packs, replace the node, or mute it.",
                    id,
                )

    def edges(self) -> Iterator[Problem]:
        """Check that both ends exist and their types fit, and that no input is fed twice."""
        fed: set[tuple[str, str]] = set()
        for edge in self.graph.edges:
            ends = [self.graph.nodes.get(edge.source), self.graph.nodes.get(edge.target)]
            if None in ends:
                missing = edge.source if ends[0] is None else edge.target
                yield Problem(
                    "missing_node",
                    f"The edge from '{edge.source}' to '{edge.target}' names '{missing}', which is missing.",
                    "Delete the edge or add the node.",
                    edge.target if ends[1] else None,
                )
                continue
            source, target = (self.catalog.get(end.type) for end in ends if end)
            if source and target:
                yield from edge_problems(edge, source, target, self.types)
                yield from fed_twice(edge, target, fed)

    def values(self) -> Iterator[Problem]:
        """Check every typed-in value, and that nothing required is missing."""
        for id, node, spec in self.nodes():
            yield from time_limit(id, node)
            for entry in spec.inputs:
                if entry.name not in self.links[id]:
                    yield from self.value(id, node, entry)
            for name in node.values.keys() - {entry.name for entry in spec.inputs}:
                if spec.open:
                    break
                yield Problem(
                    "unknown_input",
                    f"{id}: {spec.title} has no input '{name}'.",
                    f"It is ignored; its inputs are {listed(entry.name for entry in spec.inputs)}.",
                    id,
                    name,
                    "warning",
                )

    def value(self, id: str, node: NodeInstance, entry: Input) -> Iterator[Problem]:
        if isinstance(node.values.get(entry.name), Ready):
            return
        if entry.name not in node.values or (entry.port and not entry.free):
            if entry.required:
                yield missing_value(id, entry)
            return
        try:
            value = convert(entry, node.values[entry.name])
        except BadValue as bad:
            yield bad.at(id, entry.name)
            return
        yield from self.file(id, entry, value)

    def file(self, id: str, entry: Input, value: Any) -> Iterator[Problem]:
        """Check that a named model or picture is there."""
        match entry.widget:
            case ModelFile(folder):
                kind, what = "models", f"model in the folder '{folder}'"
            case VideoFile(folder):
                kind, what = "videos", f"video in the folder '{folder}'"
            case AudioFile(folder):
                kind, what = "sounds", f"sound in the folder '{folder}'"
            case ImageFolder(folder):
                kind, what = "image_folders", f"folder of pictures below '{folder}'"
            case MaskPainter() if value == "":
                return
            case ImageFile(folder):
                kind, what = "images", f"picture in the folder '{folder}'"
            case _:
                return
        names = self.choices(kind, folder) if self.choices else (value,)
        if value not in names:
            remedy = f"There are: {listed(names)}." if names else "The folder is empty; put a file there."
            yield Problem(
                "missing_file",
                f"{id}: {entry.name} is {shown(value)}, but there is no such {what}.",
                remedy,
                id,
                entry.name,
            )

    def own_checks(self) -> Iterator[Problem]:
        """Ask the nodes that look at their values themselves."""
        for id, node, spec in self.nodes():
            if spec.own_check is None:
                continue
            try:
                values = {**values_of(node, spec, self.links[id]), **dict.fromkeys(self.links[id])}
            except BadValue:
                continue  # told already
            fed = {name: self.made_by(sources[0]) for name, sources in self.links[id].items()}
            known = {name: source for name, source in fed.items() if source is not None}
            for fault in spec.own_check(values, known):
                yield Problem("refused_value", f"{id}: {fault}", "Change what goes into the node.", id)

    def made_by(self, link: Link) -> tuple[NodeSpec, str] | None:
        spec = self.catalog.get(self.graph.nodes[link.node].type)
        return None if spec is None else (spec, link.output)

    def conflicts(self) -> Iterator[Problem]:
        """Find techniques that claim the same thing on one wire."""
        order, _ = ordered(self.links, set(self.links))
        claimed: dict[str, dict[str, str]] = {}
        for id in order:
            spec = self.catalog.get(self.graph.nodes[id].type)
            if spec is None:
                continue
            above = {
                claim: owner
                for sources in self.links[id].values()
                for link in sources
                if self.types.get(link) == "Model"
                for claim, owner in claimed.get(link.node, {}).items()
            }
            yield from (conflict(id, above[claim], claim) for claim in spec.claims if claim in above)
            claimed[id] = {**above, **dict.fromkeys(spec.claims, id)}


def check(
    workflow: Workflow,
    catalog: Catalog,
    choices: Choices | None = None,
    targets: Iterable[str] = (),
    families: Families | None = None,
) -> list[Problem]:
    """Return all findings; a document without an `error` among them will start.

    A finding about a node that no target needs is a warning: a half-wired corner of the canvas stops nobody.
    Without `targets`, every output node of the document is one. `families` tells what model files fit.
    """
    flat = flatten(workflow)
    checker = Checker(flat.graph, catalog, choices)
    links = checker.links
    wanted = targeted(flat, catalog, targets)
    needed = with_instances(ancestors(links, wanted))
    findings = [*checker.unknown_nodes(), *checker.edges(), *checker.values(), *checker.own_checks()]
    findings += [*checker.conflicts(), *cycles(links)]
    findings += mismatches(flat.graph, catalog, families) if families else []
    findings = [
        *flat.problems,
        *(located(finding, flat) for finding in findings),
        *doors(flat, catalog, checker.types),
    ]
    if not wanted:
        findings.append(
            Problem(
                "no_output",
                "Nothing in this document makes a result.",
                "Add a node that saves or shows something, such as Save image.",
            )
        )
    return [soften(finding, needed, bool(wanted)) for finding in findings]


def targeted(flat: Flat, catalog: Catalog, targets: Iterable[str] = ()) -> list[str]:
    """Return the nodes a run is for: all with a side effect, or the targets.

    A target that is an instance stands for the nodes with a side effect inside, or what makes its outputs.
    """
    ends = outputs(flat.graph, catalog)
    found: list[str] = []
    for target in targets:
        instance = None if target in flat.graph.nodes else flat.instance(target)
        inside = [id for id in ends if id.startswith(f"{target}/")] if instance else [target]
        found += inside or sorted(exits(instance) if instance else ())
    return list(dict.fromkeys(found)) if targets else ends


def with_instances(ids: Iterable[str]) -> set[str]:
    """Return the nodes and the instances around them."""
    return {"/".join(parts[:n]) for parts in (id.split("/") for id in ids) for n in range(1, len(parts) + 1)}


def outputs(graph: Graph, catalog: Catalog) -> list[str]:
    """Return the nodes that a run starts from: those with a side effect that are on."""
    specs = {id: catalog.get(node.type) for id, node in graph.nodes.items() if node.mode == "on"}
    return [id for id, spec in specs.items() if spec is not None and spec.output_node]


def soften(problem: Problem, needed: set[str], runs: bool) -> Problem:
    idle = runs and problem.node is not None and problem.node not in needed
    return replace(problem, severity="warning") if idle else problem


def missing_value(id: str, entry: Input) -> Problem:
    remedy = f"Connect an output of type {entry.type}." if entry.port else "Set a value."
    return Problem("missing_input", f"{id}: {entry.name} is missing.", remedy, id, entry.name)


def time_limit(id: str, node: NodeInstance) -> Iterator[Problem]:
    limit: object = node.time_limit
    if limit is None or (isinstance(limit, int | float) and not isinstance(limit, bool) and 0 < limit <= DAY):
        return
    message = f"{id}: its time limit is {shown(limit)}, allowed is a number of seconds up to {DAY:,}."
    yield Problem("bad_time_limit", message, "Set such a number, or none.", id)


def cycles(links: Links) -> list[Problem]:
    """Name the nodes on cycles; nodes that only wait for one are not blamed."""
    stuck = on_circle(links)
    if not stuck:
        return []
    names = listed(sorted(stuck))
    return [
        Problem(
            "cycle",
            f"{id}: it needs its own result, by way of {names}.",
            "Delete one edge of the circle.",
            id,
        )
        for id in sorted(stuck)
    ]


def conflict(id: str, other: str, claim: str) -> Problem:
    return Problem(
        "conflict",
        f"{id} and {other} are on one wire and both decide about {claim}.",
        f"Remove or bypass one of them, or put {id} on a branch of its own.",
        id,
    )
