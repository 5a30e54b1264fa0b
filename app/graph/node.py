"""Turn a typed Python function into a node: its signature is the schema, its docstring the help text."""

from __future__ import annotations

import hashlib
import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from math import nan
from pathlib import Path
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    ClassVar,
    Literal,
    Protocol,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from app.graph.context import Camera, Context, Savepoint
from app.graph.spec import Input, Lane, NodeSpec, Output
from app.graph.widgets import Checkbox, Choice, Number, TextLine, Widget

__all__ = ["Blocked", "Camera", "Claiming", "Context", "Lazy", "Savepoint", "node", "read_spec"]

Function = TypeVar("Function", bound=Callable[..., Any])
VALUE_TYPES: dict[type, str] = {int: "int", float: "float", bool: "bool", str: "str"}
DEFAULT_WIDGETS: dict[str, Widget] = {
    "int": Number(),
    "float": Number(step=0.01),
    "bool": Checkbox(),
    "str": TextLine(),
    "choice": Choice(),
}


class Claiming(Protocol):
    """A technique that says what it replaces; two equal claims on one wire are a conflict."""

    claims: ClassVar[frozenset[str]]


@dataclass(frozen=True)
class Lazy:
    """Marks an input (`Annotated[T | None, Lazy()]`) that is computed only if `needs` asks for it."""


@dataclass(frozen=True)
class Blocked:
    """A value that stops its branch: what it reaches does not run. A message makes that an error."""

    message: str = ""


def node(  # noqa: PLR0913
    *,
    output: bool = False,
    was: tuple[str, ...] = (),
    patch: type[Claiming] | None = None,
    title: str = "",
    lane: Lane = "device",
    needs: Callable[..., Iterable[str]] | None = None,
    retries: int = 0,
    timeout: float | None = None,
    passes: Mapping[str, tuple[str, ...]] | None = None,
    prepare: Callable[[], object] | None = None,
    live: bool = False,
    open: bool = False,
) -> Callable[[Function], Function]:
    """Declare a function as a node and hand it back unchanged, so that tests can simply call it.

    Args:
        output: The node has a side effect (it saves or shows something), so a run starts from it.
        was: Ids the node had in older versions; documents that use them still open.
        patch: The technique that the node puts on a model; its claims are checked while wiring.
        title: Shown instead of the function name in words.
        lane: Where it runs: nodes on the `device` take turns, nodes of the `pool` run beside them.
        needs: Given the inputs known so far by name, returns the names of lazy inputs that a call needs.
        retries: How often a call is tried again after connection troubles (OSError).
        passes: For outputs of type `Any`: the inputs whose values come out there, so that edges are checked.
        timeout: How long (s) a run of it may take; the user can set another limit on a node of a document.
        prepare: Does slow imports; called once while the worker has nothing else to do.
        live: Its result depends on what happens while it runs, so that none is ever used again.
        open: Edges may lead into inputs that it does not declare; the function takes them by `**`.
    """
    claims = tuple(sorted(patch.claims)) if patch else ()

    def declare(function: Function) -> Function:
        spec = read_spec(function)
        function.__node_spec__ = replace(  # type: ignore[attr-defined]
            spec,
            title=title or spec.title,
            output_node=output,
            was=was,
            claims=claims,
            lane="async" if inspect.iscoroutinefunction(function) else lane,
            needs=needs,
            retries=retries,
            timeout=timeout,
            passes=passes or {},
            prepare=prepare,
            changed=never_the_same if live else None,
            open=open,
        )
        return function

    return declare


def never_the_same(values: Mapping[str, Any]) -> float:
    """Say that no result of a node may be used again (see `NodeSpec.changed`)."""
    return nan


def read_spec(function: Callable[..., Any]) -> NodeSpec:
    """Read the schema of a node function; raises TypeError with the thing to mend when a part is missing."""
    hints = get_type_hints(function, include_extras=True)
    if "return" not in hints:
        raise TypeError(f"node {function.__name__}: say what it returns, for example '-> Model'")
    summary, helps = read_docstring(function)
    if not summary:
        raise TypeError(
            f"node {function.__name__}: the docstring needs a first sentence that says what it does"
        )
    return NodeSpec(
        id=function.__name__,
        title=function.__name__.replace("_", " ").capitalize(),
        category=category_of(function),
        description=summary,
        references=references_of(function),
        inputs=read_inputs(function, hints, helps),
        outputs=read_outputs(hints["return"]),
        version=version_of(function),
        function=function,
        context_parameter=next((name for name, hint in hints.items() if hint is Context), None),
    )


def read_inputs(
    function: Callable[..., Any], hints: Mapping[str, Any], helps: Mapping[str, str]
) -> tuple[Input, ...]:
    inputs = []
    for name, parameter in inspect.signature(function).parameters.items():
        if name not in hints:
            raise TypeError(f"node {function.__name__}: parameter '{name}' has no type")
        if hints[name] is Context or parameter.kind is parameter.VAR_KEYWORD:
            continue
        if name not in helps:
            raise TypeError(f"node {function.__name__}: parameter '{name}' is not described under 'Args:'")
        inputs.append(read_input(name, hints[name], parameter.default, helps[name]))
    return tuple(inputs)


def read_input(name: str, hint: Any, default: Any, help: str) -> Input:
    """Read one parameter: `Annotated` carries the widget, `Literal` the choices, `list[T]` many edges."""
    widget, lazy = None, False
    if get_origin(hint) is Annotated:
        hint, *extras = get_args(hint)
        widget = next((extra for extra in extras if isinstance(extra, Widget)), None)
        lazy = any(isinstance(extra, Lazy) for extra in extras)
    if get_origin(hint) in (Union, UnionType):
        hint = next(option for option in get_args(hint) if option is not NoneType)
    multiple = get_origin(hint) is list
    if multiple:
        hint = get_args(hint)[0]
    choices = get_args(hint) if get_origin(hint) is Literal else ()
    kind = "choice" if choices else type_name(hint)
    return Input(
        name,
        kind,
        help,
        default,
        choices,
        None if multiple else widget or DEFAULT_WIDGETS.get(kind),
        multiple,
        lazy,
    )


def read_outputs(hint: Any) -> tuple[Output, ...]:
    """Read the return type: None, one value, a `list[T]` of elements, or a NamedTuple of several outputs."""
    if hint is NoneType:
        return ()
    if hasattr(hint, "_fields"):
        return tuple(read_output(kind, name) for name, kind in get_type_hints(hint).items())
    return (read_output(hint),)


def read_output(hint: Any, name: str = "") -> Output:
    multiple = get_origin(hint) is list
    kind = type_name(get_args(hint)[0] if multiple else hint)
    return Output(name or re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind).lower(), kind, multiple)


def type_name(kind: Any) -> str:
    if kind is Any:
        return "Any"
    return VALUE_TYPES.get(kind) or str(kind.__name__)


def read_docstring(function: Callable[..., Any]) -> tuple[str, dict[str, str]]:
    """Split a Google-style docstring into its summary and the text for each argument."""
    text = inspect.getdoc(function) or ""
    summary, _, rest = text.partition("\n\nArgs:\n")
    arguments = rest.split("\n\n")[0]
    pattern = r"^    (\w+): (.+(?:\n        .+)*)"
    helps = {name: " ".join(body.split()) for name, body in re.findall(pattern, arguments, re.M)}
    return " ".join(summary.split()), helps


def references_of(function: Callable[..., Any]) -> tuple[str, ...]:
    module = inspect.getmodule(function)
    return tuple(re.findall(r"^Reference: (.+)$", (module and module.__doc__) or "", re.M))


def version_of(function: Callable[..., Any]) -> str:
    """Return a fingerprint of the node's source file: results of other versions are not reused."""
    return hashlib.sha256(Path(inspect.getfile(function)).read_bytes()).hexdigest()[:12]


def category_of(function: Callable[..., Any]) -> str:
    _, _, place = f".{function.__module__}".rpartition(".nodes.")
    *folders, name = place.split(".")
    if folders and name == function.__name__:
        return "/".join(folders)
    raise TypeError(
        f"node {function.__name__}: expected file nodes/<category>/{function.__name__}.py, "
        f"found module {function.__module__}"
    )
