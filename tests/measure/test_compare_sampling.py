"""Whatever samples can be measured as it stands in a workflow; times are never judged here."""

from typing import Any

import pytest
import torch

from app.engine.comparison import Work
from app.engine.media import Latent
from app.engine.sampling import Sigmas
from app.execution.calls import NodeFailed
from app.graph.workflow import Workflow
from app.measure.trial import Laboratory
from app.measure.variants import opened
from nodes.caching.taylor_seer import TaylorSeer
from tests.documents import nested
from tests.tiny.recorder import Recorder
from tests.tiny.zoo import build

NODES = {
    "load": "load_model",
    "seer": ("taylor_seer", {"interval": 2, "warmup": 1}),
    "prompt": ("encode_text", {"prompt": "a red circle"}),
    "guide": "no_guidance",
    "euler": "euler",
    "plan": ("flow_schedule", {"steps": 4}),
    "size": "empty_latent",
    "compare": ("compare_sampling", {"repeats": 1}),
}
WIRES = [
    "load.model > seer.model",
    "load.model > size.model",
    "load.text_encoder > prompt.text_encoder",
    "prompt.conditioning > guide.positive",
    "seer.model > sample.model",
    "guide.guider > sample.guider",
    "euler.sampler > sample.sampler",
    "plan.sigmas > sample.sigmas",
    "size.latent > sample.latent",
]


def workflow(sampler: Any, sampled: str = "sample.latent", *more: str) -> Workflow:
    return nested({"main": ({**NODES, "sample": sampler}, [*WIRES, *more, f"{sampled} > compare.sampled"])})


def rows(rooms: Laboratory, document: Workflow) -> list[dict[str, Any]]:
    (report,) = (told for node, told in rooms.run(document).reports if node.endswith("compare"))
    found: list[dict[str, Any]] = report["rows"]
    return found


def test_a_section_is_measured_and_decoded_with_the_autoencoder_of_its_model(rooms: Laboratory) -> None:
    document = workflow(("sample_section", {"start_step": 1, "end_step": 3}))
    plain, quick, fewer = rows(rooms, document)
    assert (plain["steps"], quick["steps"]) == (2, 2) and fewer["steps"] <= 2
    assert (plain["latent_error"], plain["psnr"]) == (0, None) and quick["latent_error"] > 0
    assert quick["work_saved"] == 0.5 and 0 < quick["ssim"] <= 1 and quick["psnr"] > 0


def test_a_sampling_inside_a_graph_is_measured_with_what_comes_from_outside(rooms: Laboratory) -> None:
    inside = {"sample": "sample", "compare": NODES["compare"]}
    names = ("model", "guider", "sampler", "sigmas", "latent")
    given = {f"{name}:{name.capitalize()}": [f"sample.{name}"] for name in names}
    outside = {id: node for id, node in NODES.items() if id != "compare"}
    into = [wire.replace("> sample.", "> box.") for wire in WIRES]
    document = nested(
        {
            "main": ({**outside, "box": "graph:inner"}, into),
            "inner": (inside, ["sample.latent > compare.sampled"], given, {"latent:Latent": "sample.latent"}),
        }
    )
    plain, quick, _ = rows(rooms, opened(document))
    assert plain["ssim"] == 1 and quick["latent_error"] > 0


def test_of_several_pictures_in_turn_the_first_is_measured(rooms: Laboratory) -> None:
    nodes = {**NODES, "sample": "sample", "words": ("text_lines", {"text": "a red circle\na blue star"})}
    document = nested(
        {"main": (nodes, [*WIRES, "words.str > prompt.prompt", "sample.latent > compare.sampled"])}
    )
    assert len(rows(rooms, document)) == 3


@pytest.mark.parametrize(
    ("sampled", "reason"),
    [("size.latent", "Empty latent is no node that samples"), ("bare.latent", "no technique")],
)
def test_what_cannot_be_measured_says_why(rooms: Laboratory, sampled: str, reason: str) -> None:
    bare = [wire.replace("> sample.", "> bare.").replace("seer.model", "load.model") for wire in WIRES[4:]]
    document = nested(
        {"main": ({**NODES, "bare": "sample"}, [*WIRES[:4], *bare, f"{sampled} > compare.sampled"])}
    )
    with pytest.raises(NodeFailed, match=reason):
        rooms.run(document)


def test_fewer_steps_of_a_section_stay_a_section() -> None:
    seen: list[dict[str, Any]] = []

    def sampled(watcher: object, **given: Any) -> tuple[int, Latent]:
        seen.append(given)
        return 0, Latent(torch.zeros(1, 4, 2, 2), "flux")

    model = build("flux").with_patch(TaylorSeer(2, 1, 1))
    sigmas = Sigmas(tuple(1 - step / 8 for step in range(9)))
    work = Work(sampled, "watcher", {"model": model, "sigmas": sigmas, "start_step": 2, "end_step": 4})
    assert work.steps == 8 and work.on_processor
    for steps in (4, 2, 1):
        work.plain.shortened(steps).run(Recorder())  # type: ignore[arg-type]
    assert all(not given["model"].patches for given in seen)
    assert [given["sigmas"].steps for given in seen] == [4, 2, 1]
    assert [(given["start_step"], given["end_step"]) for given in seen] == [(1, 2), (0, 1), (0, 1)]
