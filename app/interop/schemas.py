"""What `/object_info` answers: ComfyUI's class types that we can run, and our own nodes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.graph.catalog import Catalog
from app.graph.spec import Input, NodeSpec
from app.graph.values import limits
from app.graph.widgets import SEED_LIMIT, AudioFile, ImageFile, ModelFile, VideoFile
from app.interop.flat import SCHEMA
from app.interop.names import RULES, class_type_of
from app.interop.rules import Named, Rule, Word

MODULE = "patchloom"
MOST = 16384  # a frontend that is told no limit stops at 2048
LONG_TEXTS = ("text", "value", "string")
TYPES = {"int": "INT", "float": "FLOAT", "bool": "BOOLEAN", "str": "STRING", "Any": "*"}
FILES = {ModelFile: "ckpt_name", VideoFile: "file", AudioFile: "audio"}  # an input that offers the same files
Schema = dict[str, Any]


def object_info(catalog: Catalog, names: Mapping[str, list[str]]) -> dict[str, Schema]:
    """Return the schema of every class type.

    `names` holds the files for model and picture inputs by type, or by class type and name (`Class.name`)
    where an input of this name usually means other files.
    """
    mapped = {rule.class_type: of_rule(rule, names, catalog) for rule in RULES.values()}
    native = {class_type_of(spec.id): spec.outside.get(SCHEMA) or of_node(spec, names) for spec in catalog}
    return {**native, **mapped}


def of_rule(rule: Rule, names: Mapping[str, list[str]], catalog: Catalog) -> Schema:
    inputs: dict[str, dict[str, Any]] = {"required": {}, "optional": {}}
    for name, kind in rule.ports.items():
        inputs["optional" if name in rule.optional else "required"][name] = [kind]
    for name, default in rule.defaults.items():
        required = "required" if name in rule.widgets else "optional"
        own = f"{rule.class_type}.{name}"
        files = {**names, name: names[own]} if own in names else names
        inputs[required][name] = widget(name, default, {**files, **words_of(rule)})
    outputs = [(out.type, out.name) for out in rule.outputs]
    specs = (catalog.get(type) for type in rule.parts[0].types())
    shows = any(spec is not None and spec.output_node for spec in specs)
    return schema(rule.class_type, rule.class_type, inputs, outputs, output_node=shows)


def words_of(rule: Rule) -> dict[str, list[Any]]:
    """Return the words of the choices by input."""
    found = {part.type.input: list(part.type.nodes) for part in rule.parts if isinstance(part.type, Named)}
    for part in rule.parts:
        for type in part.types():
            ways = part.ways(type).values()
            found |= {way.input: list(way.words) for way in ways if isinstance(way, Word)}
    return found


def widget(name: str, default: Any, names: Mapping[str, list[str]]) -> list[Any]:
    """Return the entry of an input that is typed in, from its default's type."""
    if name in names:
        return [names[name]]
    kinds: dict[type, str] = {bool: "BOOLEAN", int: "INT", float: "FLOAT"}
    settings: dict[str, Any] = {"default": default}
    if "seed" in name:
        settings |= {"min": 0, "max": SEED_LIMIT, "control_after_generate": True}
    elif isinstance(default, str):
        settings["multiline"] = name in LONG_TEXTS
    elif isinstance(default, int | float) and not isinstance(default, bool):
        settings |= {"min": min(0, default), "max": MOST}
    return [kinds.get(type(default), "STRING"), settings]


def of_node(spec: NodeSpec, names: Mapping[str, list[str]]) -> Schema:
    inputs: dict[str, dict[str, Any]] = {"required": {}, "optional": {}}
    for entry in spec.inputs:
        inputs["required" if entry.required else "optional"][entry.name] = of_input(entry, names)
    outputs = [(TYPES.get(output.type, output.type.upper()), output.name) for output in spec.outputs]
    made = schema(class_type_of(spec.id), spec.title, inputs, outputs, output_node=spec.output_node)
    return made | {"description": spec.description, "category": f"{MODULE}/{spec.category}"}


def of_input(entry: Input, names: Mapping[str, list[str]]) -> list[Any]:
    if entry.choices:
        return [list(entry.choices), {"default": entry.default}]
    if isinstance(entry.widget, ModelFile | ImageFile):
        return [names.get(FILES.get(type(entry.widget), "image"), [])]
    settings: dict[str, Any] = {"tooltip": entry.help}
    if not entry.required and not entry.port:
        settings["default"] = entry.default
    bounds = zip(("min", "max"), limits(entry), strict=True)
    settings |= {name: bound for name, bound in bounds if bound is not None}
    return [TYPES.get(entry.type, entry.type.upper()), settings]


def schema(
    name: str,
    title: str,
    inputs: Mapping[str, Mapping[str, Any]],
    outputs: list[tuple[str, str]],
    *,
    output_node: bool,
) -> Schema:
    """Return one entry in the shape that the clients read."""
    filled = {"required": {}, "optional": {}, **inputs}
    return {
        "input": {**filled, "hidden": {}},
        "input_order": {kind: list(entries) for kind, entries in filled.items()},
        "output": [kind for kind, _ in outputs],
        "output_is_list": [False] * len(outputs),
        "output_name": [label for _, label in outputs],
        "name": name,
        "display_name": title,
        "description": "",
        "python_module": MODULE,
        "category": MODULE,
        "output_node": output_node,
    }
