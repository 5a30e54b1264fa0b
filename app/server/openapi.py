"""The API in OpenAPI's words, made from our own types: what `GET /api/openapi.json` answers.

A test compares it with the registered routes, and another sends what it allows and forbids.
"""

from __future__ import annotations

import dataclasses
import re
import types
from collections.abc import Mapping
from typing import (
    Annotated,
    Any,
    Literal,
    NotRequired,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from app.server.operations import COMFY_OPERATIONS, FAULT, OPERATIONS, Operation

Schema = dict[str, Any]
PLAIN: dict[Any, Schema] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    type(None): {"type": "null"},
    object: {},
    Any: {},
    bytes: {"type": "string", "format": "binary"},
}


def description(version: str) -> Schema:
    """Return the whole description."""
    paths: dict[str, Schema] = {}
    for (method, path), operation in {**OPERATIONS, **COMFY_OPERATIONS}.items():
        paths.setdefault(path, {})[method.lower()] = described(path, operation)
    info = {"title": "Patchloom", "version": version}
    return {"openapi": "3.1.0", "info": info, "paths": paths}


def described(path: str, operation: Operation) -> Schema:
    named = re.findall(r"{(\w+)}", path)
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in named
    ]
    parameters += [
        {"name": name, "in": "query", "schema": schema(hint)} for name, hint in operation.query.items()
    ]
    good: Schema = {"description": operation.does}
    if operation.answer is not None:
        good["content"] = content(operation.answer)
    refused = {"description": "Why not, and what to do.", "content": content(FAULT)}
    whole: Schema = {
        "summary": operation.does,
        "parameters": parameters,
        "responses": {str(operation.status): good, "4XX": refused, "503": refused},
    }
    if operation.form:
        shape = {"type": "object", "properties": {operation.form: PLAIN[bytes]}, "required": [operation.form]}
        whole["requestBody"] = {"content": {"multipart/form-data": {"schema": shape}}}
    elif operation.body is not None:
        whole["requestBody"] = {"content": content(operation.body), "required": True}
    return whole


def content(shape: Any) -> Schema:
    kind = "*/*" if shape is bytes else "application/json"
    return {kind: {"schema": schema(shape)}}


def schema(hint: Any) -> Schema:
    """Return a type hint, or a dictionary of them, as JSON schema."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is None:
        return plain(hint)
    if origin is Annotated:
        extra = hint.__metadata__[0]
        return {**schema(arguments[0]), **(extra if isinstance(extra, dict) else {})}
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin in (Union, types.UnionType):
        return {"anyOf": [schema(argument) for argument in arguments]}
    if issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": schema(arguments[1])}
    size = {"minItems": len(arguments), "maxItems": len(arguments)} if is_pair(hint) else {}
    return {"type": "array", "items": schema(arguments[0]), **size}


def is_pair(hint: Any) -> bool:
    return get_origin(hint) is tuple and Ellipsis not in get_args(hint)


def plain(hint: Any) -> Schema:
    """Return a plain type, a dataclass, a TypedDict or a dictionary of hints as JSON schema."""
    if isinstance(hint, dict):
        needed = {name for name in hint if not name.endswith("?")}
        return record({name.rstrip("?"): part for name, part in hint.items()}, needed)
    if dataclasses.is_dataclass(hint) or is_typeddict(hint):
        fields = get_type_hints(hint, include_extras=True)
        optional = {name for name, part in fields.items() if get_origin(part) is NotRequired}
        bare = {name: get_args(part)[0] if name in optional else part for name, part in fields.items()}
        return record(bare, set(fields) - optional)
    return PLAIN[hint]


def record(fields: Mapping[str, Any], needed: set[str]) -> Schema:
    return {
        "type": "object",
        "properties": {name: schema(part) for name, part in fields.items()},
        "required": sorted(needed),
    }
