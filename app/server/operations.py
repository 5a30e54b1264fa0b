"""Every route of the API with what it takes and answers; `openapi` turns the table into a description."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from app.checkpoints.listing import ModelCard
from app.execution.memory import PlannedMemory
from app.graph.problem import Problem
from app.graph.shapes import NodeSchema, WorkflowDocument
from app.store.assets import Asset
from app.store.jobs import HIGHEST_PRIORITY, Job

PROBLEM_LIST = list[Problem]
ONE_JOB = {"job": Job}
SAVED = {"id": str, "title": str, "revision": int, "updated": float}
DOCUMENT = {"document": WorkflowDocument}
FAULT = {"error": {"message": str}}  # ours with code and remedy, to ComfyUI's clients in their words


@dataclass(frozen=True)
class Operation:
    """One route. Shapes are type hints, or dictionaries of them; a name that ends in `?` may be left out.

    Attributes:
        does: One sentence.
        query: Parameters of the address, all optional.
        body: The JSON that is sent; None sends nothing.
        answer: The JSON that comes back; `bytes` is a file, None is nothing.
        status: The status of a good answer.
        form: The field of a multipart form that holds a file.
    """

    does: str
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    answer: Any = None
    status: int = 200
    form: str = ""


Status = Literal["queued", "running", "done", "failed", "cancelled"]
NEW_JOB = {
    "document": WorkflowDocument,
    "title?": str,
    "targets?": list[str],
    "priority?": Annotated[int, {"minimum": -HIGHEST_PRIORITY, "maximum": HIGHEST_PRIORITY}],
    "workflow?": str | None,
}
TO_SAVE = {"title": str, "document": WorkflowDocument}
STATE = {
    "version": str,
    "worker": {"state": Literal["starting", "ready", "stopped"], "device": str},
    "queue": {"running": str | None, "queued": int, "paused": bool},
    "last_seq": int,
    "failed_files": list[Any],
}
QUEUE = {"queue_running": list[Any], "queue_pending": list[Any]}
TEMPLATES = {"templates": list[Any]}

OPERATIONS: dict[tuple[str, str], Operation] = {
    ("GET", "/api/nodes"): Operation(
        "All nodes.", answer={"version": str, "complete": bool, "nodes": list[NodeSchema]}
    ),
    ("GET", "/api/status"): Operation("The worker and the queue.", answer=STATE),
    ("POST", "/api/check"): Operation(
        "Check a document.", body={"document": object}, answer={"problems": PROBLEM_LIST}
    ),
    ("GET", "/api/choices/{kind}/{folder}"): Operation(
        "What a file widget may offer.", answer={"names": list[str]}
    ),
    ("GET", "/api/models"): Operation(
        "What lies in the model folders, told by headers.", answer={"models": list[ModelCard]}
    ),
    ("GET", "/api/hashes/{folder}/{name}"): Operation(
        "What a model file hashes to; it is read whole.", answer={"sha256": str}
    ),
    ("GET", "/api/offers"): Operation(
        "Models that can be fetched, and from where.", answer={"offers": list[Any]}
    ),
    ("POST", "/api/jobs"): Operation(
        "Queue a document.", body=NEW_JOB, answer={**ONE_JOB, "problems": PROBLEM_LIST}, status=201
    ),
    ("POST", "/api/plan"): Operation(
        "What a run of a document would do.",
        body=DOCUMENT,
        answer={"runs": list[str], "reused": list[str], "memory": PlannedMemory | None},
    ),
    ("GET", "/api/jobs/{id}/previews"): Operation(
        "How many previews each node of a run left.", answer={"frames": dict[str, int]}
    ),
    ("GET", "/api/jobs/{id}/previews/{index}/{node}"): Operation("One of them.", answer=bytes),
    ("GET", "/api/jobs"): Operation(
        "Jobs, newest first.",
        {"limit": int, "before": str, "status": Status, "search": str},
        answer={"jobs": list[Job]},
    ),
    ("GET", "/api/jobs/{id}"): Operation(
        "One job.", answer={**ONE_JOB, **DOCUMENT, "assets": list[Asset], "reports": list[Any]}
    ),
    ("POST", "/api/jobs/{id}/cancel"): Operation("Cancel a job.", answer=ONE_JOB),
    ("POST", "/api/jobs/{id}/retry"): Operation("Queue its document again.", answer=ONE_JOB, status=201),
    ("POST", "/api/jobs/{id}/move"): Operation(
        "Let a waiting job run before another, or last.",
        body={"before": str | None},
        answer={"order": list[str]},
    ),
    ("PUT", "/api/queue"): Operation(
        "Pause the queue or let it go on.",
        body={"paused": bool},
        answer={"paused": bool, "order": list[str]},
    ),
    ("POST", "/api/free"): Operation("Forget models and results in memory.", status=204),
    ("DELETE", "/api/jobs/{id}"): Operation("Forget a job; its files stay.", status=204),
    ("GET", "/api/assets"): Operation(
        "Result files, newest first.",
        {
            "limit": int,
            "before": int,
            "folder": Literal["output", "temp"],
            "kind": Literal["images", "videos"],
            "search": str,
        },
        answer={"assets": list[Asset]},
    ),
    ("GET", "/api/templates"): Operation("Example workflows.", answer=TEMPLATES),
    ("GET", "/api/templates/{name}"): Operation("One example.", answer=WorkflowDocument),
    ("GET", "/api/templates/{name}/picture"): Operation("What a run of it makes, small.", answer=bytes),
    ("POST", "/api/import"): Operation(
        "Read a file of ours or of ComfyUI's.",
        body=bytes,
        answer={**DOCUMENT, "problems": PROBLEM_LIST},
    ),
    ("GET", "/api/workflows"): Operation("Saved workflows.", answer={"workflows": list[Any]}),
    ("POST", "/api/workflows"): Operation("Save a new one.", body=TO_SAVE, answer=SAVED, status=201),
    ("GET", "/api/workflows/{id}"): Operation(
        "One saved workflow.", {"revision": int}, answer={**SAVED, **DOCUMENT}
    ),
    ("PUT", "/api/workflows/{id}"): Operation(
        "Save a new revision.", body={**TO_SAVE, "base_revision": int, "keep?": bool}, answer=SAVED
    ),
    ("GET", "/api/workflows/{id}/revisions"): Operation("Its revisions.", answer={"revisions": list[Any]}),
    ("DELETE", "/api/workflows/{id}"): Operation("Delete a workflow with its revisions.", status=204),
    ("GET", "/api/files/{folder}/{name}"): Operation("A file.", answer=bytes),
    ("GET", "/api/thumbnails/{folder}/{name}"): Operation("A small WebP.", {"size": int}, answer=bytes),
    ("POST", "/api/upload"): Operation(
        "Put a picture into the input folder.", form="file", answer={"folder": str, "name": str}, status=201
    ),
    ("POST", "/api/cameras/{name}"): Operation("The newest frame of a camera.", body=bytes, status=204),
    ("DELETE", "/api/cameras/{name}"): Operation("Stop a camera, and the run that works on it.", status=204),
    ("GET", "/api/openapi.json"): Operation("This description.", answer=object),
}
COMFY_OPERATIONS: dict[tuple[str, str], Operation] = {
    ("POST", "/prompt"): Operation(
        "Queue a prompt.",
        body={"prompt": dict[str, Any], "client_id?": str, "number?": float, "front?": bool},
        answer={"prompt_id": str, "number": float, "node_errors": object},
    ),
    ("GET", "/prompt"): Operation("How many prompts are left.", answer={"exec_info": object}),
    ("GET", "/queue"): Operation(
        "The queue.", answer={"queue_running": list[Any], "queue_pending": list[Any]}
    ),
    ("POST", "/queue"): Operation("Clear or delete.", body={"clear?": bool, "delete?": list[str]}),
    ("POST", "/interrupt"): Operation("Stop the running prompt.", body={"prompt_id?": str}),
    ("POST", "/free"): Operation("Free memory.", body={"unload_models?": bool, "free_memory?": bool}),
    ("GET", "/history"): Operation("Finished prompts.", {"max_items": int, "offset": int}, answer=object),
    ("GET", "/history/{id}"): Operation("One finished prompt.", answer=object),
    ("GET", "/view"): Operation(
        "A picture.",
        {"filename": str, "subfolder": str, "type": str, "preview": str, "channel": str},
        answer=bytes,
    ),
    ("POST", "/upload/image"): Operation("Put a picture into the input folder.", form="image", answer=object),
    ("POST", "/upload/mask"): Operation("Put a mask over a picture.", form="image", answer=object),
    ("GET", "/object_info"): Operation("All class types.", answer=object),
    ("GET", "/object_info/{name}"): Operation("One class type.", answer=object),
    ("GET", "/models"): Operation("Model folders.", answer=list[str]),
    ("GET", "/models/{folder}"): Operation("Files of one.", answer=list[str]),
    ("GET", "/workflow_templates"): Operation("Our examples.", answer={"patchloom": list[str]}),
    ("GET", "/workflow_templates/patchloom/{name}.json"): Operation("One of them.", answer=object),
    ("POST", "/settings"): Operation("Change settings.", body=dict[str, Any]),
    ("POST", "/settings/{id}"): Operation("Change one setting.", body=object),
    ("GET", "/userdata"): Operation("Files of the frontend.", {"dir": str}, answer=list[Any]),
    ("POST", "/userdata/{name}"): Operation("Save one.", body=object, answer=object),
    ("GET", "/userdata/{name}"): Operation("Read one.", answer=bytes),
    ("DELETE", "/userdata/{name}"): Operation("Delete one.", status=204),
}
