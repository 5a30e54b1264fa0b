"""Whether edges fit: what an output makes, what an input takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from app.graph.catalog import Catalog
from app.graph.flatten import Flat
from app.graph.problem import Problem, listed
from app.graph.resolve import Links, ordered
from app.graph.spec import NodeSpec
from app.graph.workflow import Edge, Graph, Link


def edge_problems(
    edge: Edge, source: NodeSpec, target: NodeSpec, types: Mapping[Link, str]
) -> Iterator[Problem]:
    """Check that an edge between two known nodes names real ports of fitting types."""
    made, taken = types.get(Link(edge.source, edge.output)), target.input(edge.input)
    if made is None:
        names = listed(entry.name for entry in source.outputs)
        message = f"{edge.source} has no output '{edge.output}'."
        yield Problem("unknown_output", message, f"Its outputs are {names}.", edge.target, edge.input)
    elif taken is None and target.open:
        return
    elif taken is None:
        names = listed(entry.name for entry in target.inputs)
        message = f"{edge.target} has no input '{edge.input}'."
        yield Problem("unknown_input", message, f"Its inputs are {names}.", edge.target, edge.input)
    elif not fits(made, taken.type):
        message = f"{edge.target}: {edge.input} takes {taken.type}, but {edge.source} gives {made}."
        remedy = f"Connect an output of type {taken.type}."
        yield Problem("wrong_type", message, remedy, edge.target, edge.input)


def fed_twice(edge: Edge, target: NodeSpec, fed: set[tuple[str, str]]) -> Iterator[Problem]:
    """Check that only inputs made for it take several edges; `fed` remembers those seen so far."""
    taken = target.input(edge.input)
    if (edge.target, edge.input) in fed and taken is not None and not taken.multiple:
        message = f"{edge.target}: {edge.input} is connected twice."
        yield Problem("two_edges", message, "Delete one of the two edges.", edge.target, edge.input)
    fed.add((edge.target, edge.input))


def fits(made: str, taken: str) -> bool:
    """Whether an output of type `made` may feed an input of type `taken`; `Image,float` is one of the two."""
    if made == taken or "Any" in (made, taken) or (made, taken) == ("int", "float"):
        return True
    return not set(made.split(",")).isdisjoint(taken.split(","))


def doors(flat: Flat, catalog: Catalog, types: Mapping[Link, str]) -> Iterator[Problem]:
    """Check what goes into an instance against the type that its interface says."""
    for edge in flat.graph.edges:
        way = flat.doors.get((edge.target, edge.input), ())
        made = types.get(Link(edge.source, edge.output)) if way else None
        wrong = next((door for door in way if made and not fits(made, door.type)), None)
        inner = catalog.get(flat.graph.nodes[edge.target].type) if wrong else None
        taken = inner.input(edge.input) if inner else None
        if wrong and made and taken and fits(made, taken.type):  # else it is told already
            message = f"{wrong.instance}: {wrong.input} takes {wrong.type}, but {edge.source} gives {made}."
            remedy = f"Connect an output of type {wrong.type}."
            yield Problem("wrong_type", message, remedy, wrong.instance, wrong.input)


def output_types(graph: Graph, links: Links, catalog: Catalog) -> dict[Link, str]:
    """Return the type of each output; one that hands on values of inputs has the type that those agree on."""
    types: dict[Link, str] = {}
    order = dict.fromkeys(ordered(links, set(links))[0])
    for id in (*order, *(id for id in graph.nodes if id not in order)):
        spec = catalog.get(graph.nodes[id].type)
        for output in spec.outputs if spec else ():
            names = spec.passes.get(output.name, ()) if spec else ()
            given = (types.get(link, "Any") for name in names for link in links.get(id, {}).get(name, ()))
            agreed = set(given)
            types[Link(id, output.name)] = agreed.pop() if len(agreed) == 1 else output.type
    return types
