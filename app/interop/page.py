"""The table of supported class types in docs/comfyui.md: `python -m app.interop.page` prints it."""

from __future__ import annotations

from collections.abc import Iterator

from app.interop.names import RULES, TABLE
from app.interop.orders import PASSED_AS, READ_BY_OTHERS
from app.interop.rules import Named, Part, Rule

MOST = 8  # nodes that are named one by one


def table() -> str:
    """Return the table as Markdown."""
    lines = [(rule.class_type, ", ".join(becomes(rule)), "; ".join(limits(rule))) for rule in TABLE]
    lines += [(name, text, "") for name, text in PASSED_AS.items() if name not in RULES]
    lines += [(name, text, "") for name, text in READ_BY_OTHERS.items()]
    rows = (f"| `{name}` | {nodes} | {limit} |" for name, nodes, limit in sorted(lines))
    return "\n".join(
        [f"{len(lines)} class types:", "", "| ComfyUI | Patchloom | only |", "|---|---|---|", *rows]
    )


def becomes(rule: Rule) -> Iterator[str]:
    """Name our nodes that a class type becomes, in the order of the table."""
    for part in rule.parts:
        types = own_types(part)
        if isinstance(part.type, Named) and len(types) > MOST:
            yield f"a node for its `{part.type.input}`"
        else:
            yield " or ".join(f"`{type}`" for type in types)
    if rule.class_type in PASSED_AS:
        yield f"or nothing: it {PASSED_AS[rule.class_type]}"


def own_types(part: Part) -> list[str]:
    """Name the nodes that a part can be."""
    types = [part.type] if isinstance(part.type, str) else list(dict.fromkeys(part.type.nodes.values()))
    return [*types, *(own_types(part.instead) if part.instead else [])]


def limits(rule: Rule) -> Iterator[str]:
    """Name the words of its choices that there are nodes for."""
    for part in rule.parts:
        if isinstance(part.type, Named):
            words = (word + ("*" if word in part.type.near else "") for word in part.type.nodes)
            yield f"{part.type.input}: {', '.join(words)}"


if __name__ == "__main__":
    print(table())
