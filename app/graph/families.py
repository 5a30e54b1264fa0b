"""Which model family flows on each wire, and where two that do not fit meet."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from app.graph.catalog import Catalog
from app.graph.problem import Problem
from app.graph.resolve import Links, links_of, ordered
from app.graph.spec import NodeSpec
from app.graph.widgets import ModelFile
from app.graph.workflow import Graph, Link, NodeInstance

Families = Callable[
    [str, str], frozenset[str] | None
]  # (folder, name) -> what the file fits; None: no telling
CARRIERS = {
    *("Model", "TextEncoder", "Vae", "Latent", "Conditioning", "Guider", "ControlNet"),
    *("ClipVision", "VisionTokens"),
}
STATED, ANY = "family", "auto"  # the input by which a loader says what its file is for


def mismatches(graph: Graph, catalog: Catalog, families: Families) -> Iterator[Problem]:
    """Find nodes that are given parts of models which do not belong together."""
    links = links_of(graph, catalog)
    order, _ = ordered(links, set(links))
    known: dict[str, frozenset[str] | None] = {}
    for id in order:
        spec = catalog.get(graph.nodes[id].type)
        if spec is None:
            continue
        known[id] = own_families(graph.nodes[id], spec, families)
        origin = "its own file"
        if known[id] == frozenset():
            yield strangers(id)
            known[id] = None
        for name, link in carried(id, links, graph, catalog):
            given, before = known.get(link.node), known[id]
            if given is None:
                continue
            if before is not None and not before & given:
                yield mismatch(id, name, (link.node, given), (origin, before))
                known[id] = None
                break
            known[id], origin = given if before is None else before & given, link.node


def strangers(id: str) -> Problem:
    return Problem(
        "family_mismatch",
        f"{id}: its files are not for one model, or not for the family it states.",
        "Choose files that belong to one model.",
        id,
    )


def own_families(node: NodeInstance, spec: NodeSpec, families: Families) -> frozenset[str] | None:
    """Return what the files that a node names fit, narrowed by what its user says they are for."""
    found = None
    for entry in spec.inputs:
        value = node.values.get(entry.name, None if entry.required else entry.default)
        fits = (
            families(entry.widget.folder, str(value))
            if isinstance(entry.widget, ModelFile) and value
            else None
        )
        if entry.name == STATED and value not in (None, ANY):
            fits = frozenset({str(value)})
        if fits is not None:
            found = fits if found is None else found & fits
    return found


def carried(id: str, links: Links, graph: Graph, catalog: Catalog) -> Iterator[tuple[str, Link]]:
    """Yield the inputs over which a family comes in, the model's first."""
    found = []
    for name, sources in links[id].items():
        for link in sources:
            spec = catalog.get(graph.nodes[link.node].type)
            output = spec.output(link.output) if spec else None
            if output is not None and output.type in CARRIERS:
                found.append((output.type != "Model", name, link))
    for _, name, link in sorted(found, key=lambda entry: entry[0]):
        yield name, link


def mismatch(
    id: str, name: str, given: tuple[str, frozenset[str]], other: tuple[str, frozenset[str]]
) -> Problem:
    (source, fits), (origin, wanted) = given, other
    return Problem(
        "family_mismatch",
        f"{id}: {name} comes from {source}, which is for {spoken(fits)}; {origin} is for {spoken(wanted)}.",
        "Choose files that belong to one model.",
        id,
        name,
    )


def spoken(families: frozenset[str]) -> str:
    return " or ".join(sorted(families))
