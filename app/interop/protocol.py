"""Our jobs and events in the words of ComfyUI's websocket, queue and history."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.graph.catalog import Catalog
from app.graph.check import outputs
from app.graph.problem import Problem
from app.graph.workflow import Workflow
from app.interop import documents
from app.interop.names import input_there

Message = dict[str, Any]
PREVIEW_WITH_NODE, HEADER = 4, 4  # kind of ComfyUI's binary frame; bytes before the node id in ours
ERROR_TYPES = {
    "missing_input": "required_input_missing",
    "missing_file": "value_not_in_list",
    "not_a_choice": "value_not_in_list",
    "wrong_type": "return_type_mismatch",
    "out_of_range": "value_out_of_range",
    "unknown_node": "missing_node_type",
    "refused_value": "custom_validation_failed",
    "cycle": "dependency_cycle",
}
SHOWN = "ui"  # key of a report that holds what a pack's node shows: lists by name


@dataclass(frozen=True)
class Submitted:
    """A prompt as a client knows it: node ids and class types of its own."""

    id: str
    prompt: Mapping[str, Any]

    def node(self, id: str) -> str:
        """Return the submitted node that one of our nodes came from: `3:schedule` is a part of `3`."""
        while id not in self.prompt and ":" in id:
            id = id.rpartition(":")[0]
        return id

    def class_type(self, node: str) -> str:
        return str(self.prompt.get(node, {}).get("class_type", ""))


def submitted(id: str, document: Mapping[str, Any], catalog: Catalog) -> Submitted:
    """Return the prompt behind a queued document; a document of ours is written as one."""
    came_as = document.get(documents.KEY)
    if isinstance(came_as, dict) and came_as.get("format") == "comfy-api":
        return Submitted(id, json.loads(came_as["document"]))
    return Submitted(id, documents.to_api(documents.read_json(document), catalog).document)


def outputs_of(prompt: Submitted, workflow: Workflow, catalog: Catalog) -> list[str]:
    """Return the submitted nodes that make results."""
    return list(dict.fromkeys(prompt.node(id) for id in outputs(workflow.graph, catalog)))


def image(asset: Mapping[str, Any]) -> dict[str, str]:
    folder, _, name = asset["name"].rpartition("/")
    return {"filename": name, "subfolder": folder, "type": asset["folder"]}


@dataclass
class Translator:
    """Turns the events of one job into messages; remembers what each node shows until it is done."""

    prompt: Submitted
    shown: dict[str, dict[str, list[Any]]] = field(default_factory=dict)

    def messages(self, event: Mapping[str, Any], remaining: Callable[[], int]) -> Iterator[Message]:
        """Yield the messages for an event; `remaining` counts the jobs that wait or run."""
        match event["type"]:
            case "job_queued":
                yield status(remaining())
            case "job_started":
                yield self.told("execution_start", event)
                cached = list(dict.fromkeys(self.prompt.node(id) for id in event["cached"]))
                yield self.told("execution_cached", event, nodes=cached)
            case "node_started" | "node_progress":
                yield from self.progress(event)
            case "asset_added":
                self.show(event, {"images": [image(event["asset"])]})
            case "node_reported" if SHOWN in event["report"]:
                self.show(event, event["report"][SHOWN])
            case "node_finished":
                yield from self.executed(event)
            case "job_finished":
                yield self.end(event)
                yield status(remaining())
                yield self.told("executing", event, node=None)

    def told(self, kind: str, event: Mapping[str, Any], **data: Any) -> Message:
        stamp = {"timestamp": round(event["time"] * 1000)} if kind.startswith("execution") else {}
        return {"type": kind, "data": {**data, "prompt_id": self.prompt.id, **stamp}}

    def progress(self, event: Mapping[str, Any]) -> Iterator[Message]:
        node = self.prompt.node(event["node"])
        value, most = event.get("step", 0), event.get("steps", 1)
        state = {
            "value": value,
            "max": most,
            "state": "running",
            "node_id": node,
            "display_node_id": node,
            "prompt_id": self.prompt.id,
        }
        yield self.told("progress_state", event, nodes={node: state})
        if event["type"] == "node_started":
            yield self.told("executing", event, node=node, display_node=node)
        else:
            yield self.told("progress", event, value=value, max=most, node=node)

    def show(self, event: Mapping[str, Any], more: Mapping[str, Any]) -> None:
        """Add to the lists that a node shows."""
        lists = self.shown.setdefault(self.prompt.node(event["node"]), {})
        for name, entries in more.items():
            lists.setdefault(name, []).extend(entries if isinstance(entries, list) else [entries])

    def executed(self, event: Mapping[str, Any]) -> Iterator[Message]:
        node = self.prompt.node(event["node"])
        if node in self.shown:
            output = self.shown.pop(node)
            yield self.told("executed", event, node=node, display_node=node, output=output)

    def end(self, event: Mapping[str, Any]) -> Message:
        if event["status"] == "done":
            return self.told("execution_success", event)
        if event["status"] == "cancelled":
            return self.told("execution_interrupted", event, node_id="", node_type="", executed=[])
        problem = event["problem"]
        node = self.prompt.node(problem["node"] or "")
        return self.told(
            "execution_error",
            event,
            node_id=node,
            node_type=self.prompt.class_type(node),
            executed=[],
            exception_message=f"{problem['message']} {problem['remedy']}",
            exception_type=problem["code"],
            traceback=[],
            current_inputs={},
            current_outputs=[],
        )


def status(remaining: int, sid: str | None = None) -> Message:
    """Return the message about the length of the queue; the first one tells the client its id."""
    data: dict[str, Any] = {"status": {"exec_info": {"queue_remaining": remaining}}}
    return {"type": "status", "data": data | ({"sid": sid} if sid else {})}


def preview(frame: bytes, prompt: Submitted) -> bytes:
    """Return one of our preview frames as ComfyUI's kind 4: `u32 kind, u32 length, JSON, image`."""
    length = int.from_bytes(frame[2:HEADER], "big")
    node = prompt.node(frame[HEADER : HEADER + length].decode())
    told = {
        "node_id": node,
        "display_node_id": node,
        "parent_node_id": None,
        "real_node_id": node,
        "prompt_id": prompt.id,
        "image_type": "image/jpeg",
    }
    head = json.dumps(told).encode()
    return struct.pack(">II", PREVIEW_WITH_NODE, len(head)) + head + frame[HEADER + length :]


def history_entry(
    prompt: Submitted,
    number: int,
    job: Mapping[str, Any],
    events: Iterable[Mapping[str, Any]],
    ends: list[str],
) -> dict[str, Any]:
    """Return a finished job as `/history` shows it."""
    translator = Translator(prompt)
    outputs: dict[str, Any] = {}
    told = []
    for event in events:
        for message in translator.messages(event, lambda: 0):
            if message["type"] == "executed":
                outputs[message["data"]["node"]] = message["data"]["output"]
            elif message["type"].startswith("execution"):
                told.append([message["type"], message["data"]])
    done = job["status"] == "done"
    return {
        "prompt": [number, prompt.id, prompt.prompt, {}, ends],
        "outputs": outputs,
        "status": {"status_str": "success" if done else "error", "completed": done, "messages": told},
        "meta": {
            node: {"node_id": node, "display_node": node, "parent_node": None, "real_node_id": node}
            for node in outputs
        },
    }


def node_errors(
    problems: Iterable[Problem], prompt: Submitted, bad: Mapping[str, list[str]]
) -> dict[str, Any]:
    """Return findings by submitted node; `bad` names the outputs that each of our nodes spoils."""
    errors: dict[str, Any] = {}
    for problem in problems:
        node = prompt.node(problem.node or "")
        entry = errors.setdefault(
            node, {"errors": [], "dependent_outputs": [], "class_type": prompt.class_type(node)}
        )
        entry["errors"].append(error_of(problem, prompt))
        spoilt = {prompt.node(id) for id in bad.get(problem.node or "", ())} - set(entry["dependent_outputs"])
        entry["dependent_outputs"].extend(sorted(spoilt))
    return errors


def error_of(problem: Problem, prompt: Submitted) -> dict[str, Any]:
    """Say a finding in ComfyUI's shape, with the name that the input has there: clients mark it by that."""
    node = prompt.node(problem.node or "")
    part = (problem.node or "").removeprefix(node).removeprefix(":")
    name = problem.input and input_there(prompt.class_type(node), part, problem.input)
    return {
        "type": ERROR_TYPES.get(problem.code, problem.code),
        "message": problem.message,
        "details": problem.remedy,
        "extra_info": {"input_name": name} if name else {},
    }
