"""Call a V1 class: its arguments, its object, and what comes back."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from app.graph.expansion import Expansion
from app.graph.node import Blocked, Context
from app.graph.problem import Cancelled, Refusal
from app.graph.spec import Output
from app.interop.packs.expanding import expansion
from app.interop.packs.options import ABSENT
from app.interop.packs.running import CALL, Call
from app.interop.packs.shims.graph_utils import ExecutionBlocker, GraphBuilder
from app.interop.packs.showing import show
from app.interop.packs.v1 import V1Class, accepted
from app.interop.packs.values import Crossing, results
from app.interop.packs.waiting import finished
from app.interop.packs.world import World

log = logging.getLogger(__name__)
RUNNING = "running context"  # no parameter of a Python function has a name with a space


@dataclass(frozen=True)
class Calling:
    """Makes the calls of one class. `outputs` are its outputs as ours."""

    node: V1Class
    world: World
    outputs: tuple[Output, ...]

    def run(self, named: dict[str, Any]) -> Any:
        """Make one call; returns a tuple of a value for each output, a block, or an expansion."""
        context: Context = named.pop(RUNNING)
        crossing = Crossing()
        given = {name: crossing.enter(value) for name, value in present(named)}
        with self.told_apart(context):
            given |= self.raw_links(context, given) | self.hidden(context)
            function = getattr(self.world.object_for(self.node, context.id), self.node.kind.FUNCTION)
            answer = finished(function(**given), context.check_cancelled)
            return self.read(answer, context, crossing)

    def needs(self, **known: Any) -> Iterable[str]:
        """Ask which lazy inputs a call needs, given those that are known; the others are None."""
        try:
            function = self.node.kind().check_lazy_status
            given = {name: Crossing().enter(value) for name, value in present(known)}
            wanted = finished(function(**accepted(function, {**dict.fromkeys(self.node.hidden()), **given})))
        except (Exception, SystemExit) as error:
            raise self.fault(error) from error
        return [str(name) for name in wanted or ()]

    @contextmanager
    def told_apart(self, context: Context) -> Iterator[None]:
        """Let progress, cancelling and new graphs find the call; what it raises gets the pack's name."""
        token = CALL.set(Call(context))
        GraphBuilder.set_default_prefix(context.id, context.element)
        try:
            with torch.no_grad():
                yield
        except (Cancelled, Refusal):
            raise
        except (Exception, SystemExit) as error:
            log.exception(
                "node %s: %s of the pack %s failed", context.id, self.node.class_type, self.node.pack
            )
            raise self.fault(error) from error
        finally:
            CALL.reset(token)

    def fault(self, error: BaseException) -> Refusal:
        words = str(error).strip()
        reason = words.splitlines()[0][:300] if words else "no further words"
        return Refusal(
            f"{type(error).__name__}: {reason}",
            f"'{self.node.class_type}' of the pack '{self.node.pack}' failed; "
            "look at what goes into it, or report the trace from the server's log to the pack's authors.",
            code="node_crashed",
        )

    def raw_links(self, context: Context, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the links themselves for inputs that want them (`rawLink`)."""
        wanted = [entry.name for entry in self.node.inputs() if entry.options.get("rawLink")]
        if not wanted:
            return {}
        inputs = self.world.prompts(context).get_node(context.id).get("inputs", {})
        links = {name: inputs[name] for name in wanted if name in inputs and name in given}
        return {name: [link] for name, link in links.items()} if self.node.input_is_list() else links

    def hidden(self, context: Context) -> dict[str, Any]:
        """Return what the class wants to know of the run."""
        filled: dict[str, Any] = {}
        for name, wish in self.node.hidden().items():
            match wish:
                case "UNIQUE_ID":
                    filled[name] = context.id
                case "PROMPT":
                    filled[name] = self.world.prompts(context).original
                case "DYNPROMPT":
                    filled[name] = self.world.prompts(context)
                case "EXTRA_PNGINFO":
                    filled[name] = self.world.prompts(context).extra_pnginfo
                case _:
                    filled[name] = None
        return {name: [value] for name, value in filled.items()} if self.node.input_is_list() else filled

    def read(self, answer: Any, context: Context, crossing: Crossing) -> Any:
        """Return what a call gave: a tuple, or a dict with `result`, `ui` and `expand`."""
        if isinstance(answer, ExecutionBlocker):
            return Blocked(answer.message or "")
        told = answer if isinstance(answer, dict) else {"result": answer}
        if "ui" in told:
            show(told["ui"], context, self.world.folders)
        values = told.get("result")
        parts = tuple(values) if isinstance(values, tuple | list) else (values,) * len(self.outputs)
        if isinstance(values, ExecutionBlocker):
            return Blocked(values.message or "")
        if len(parts) < len(self.outputs):
            raise ValueError(f"it returned {len(parts)} values for {len(self.outputs)} outputs")
        if told.get("expand"):
            return self.expand(parts, told["expand"], context, crossing)
        return tuple(results(parts, self.outputs, crossing))

    def expand(
        self, parts: tuple[Any, ...], nodes: Mapping[str, Any], context: Context, crossing: Crossing
    ) -> Expansion:
        prompts = self.world.prompts(context)
        made = expansion(parts, nodes, self.outputs, prompts, self.world.catalog, crossing)
        prompts.bring(context.id, nodes)
        return made


def present(named: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Walk the arguments; optional ones that nothing feeds are left out."""
    for name, value in named.items():
        alone = value[0] if isinstance(value, list) and len(value) == 1 else value
        if alone is not ABSENT:
            yield name, value
