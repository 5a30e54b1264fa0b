"""What each node of a run will hold in memory, told from headers and forward passes without numbers.

Nodes are known by their types alone: what takes a Model and a Latent and makes a Latent samples, what takes a
Vae and a Latent and makes an Image decodes. So new nodes are forecast without being told of here.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from app.checkpoints.sizes import CAST
from app.engine.families import FAMILIES, Family
from app.engine.memory import activations
from app.engine.memory.dry_run import Taken
from app.engine.memory.layerwise import FULL
from app.engine.memory.networks import Network, networks_in
from app.engine.memory.on_top import controlled, on_top, steering
from app.engine.model import Model, Patch
from app.graph.problem import Refusal

log = logging.getLogger(__name__)
# Values that hold no weights: what made them is done with its model.
FREE = {"Latent", "Image", "Mask", "Video", "Conditioning", "Sigmas", "int", "float", "bool", "str", "choice"}
OWNERS = {"Model": "transformer", "Vae": "autoencoder", "TextEncoder": "text encoder"}
Part = tuple[str, int]  # the node that loads it, and its place among what that node loads
Port = tuple[str, str]  # a node and one of its outputs
PROMPT_LENGTH = 512  # tokens of the longest prompt that most text encoders take


class Work(Protocol):
    """A node of a plan, sources before users.

    Attributes:
        id: Its name in the plan.
        values: What is typed in, by input.
        files: The model files among the values, by input.
        takes: Inputs that are connected -> (type, node, output).
        makes: Outputs -> type.
        runs: Whether it runs, or its result is there already.
        technique: The function of a node that puts a technique on a model.
    """

    @property
    def id(self) -> str: ...
    @property
    def values(self) -> Mapping[str, Any]: ...
    @property
    def files(self) -> Mapping[str, Path]: ...
    @property
    def takes(self) -> Mapping[str, tuple[str, str, str]]: ...
    @property
    def makes(self) -> Mapping[str, str]: ...
    @property
    def runs(self) -> bool: ...
    @property
    def technique(self) -> Callable[..., Any] | None: ...


@dataclass(frozen=True)
class Known:
    """What is known of a value that a node makes.

    Attributes:
        parts: The weights that are needed as long as it is.
        part: The network that it stands for.
        family: Of a model, an autoencoder or a latent.
        shape: Of a latent, (B, C, h, w) or (B, C, F, h, w).
        patches: The techniques on a model.
        controls: The control networks that steer it.
        branches: How many prompts a guider asks it with in a step.
    """

    parts: frozenset[Part] = frozenset()
    part: Network | None = None
    family: Family | None = None
    shape: tuple[int, ...] | None = None
    patches: tuple[Patch[Any], ...] = ()
    controls: tuple[Network, ...] = ()
    branches: int = 1


@dataclass(frozen=True)
class Foreseen:
    """One node of a run.

    Attributes:
        loads: The networks that it loads.
        needs: The weights that it needs.
        working: What computing takes beside them (bytes); None where that cannot be told.
        offloaded: What computing takes with its network's weights, where these come group by group (bytes).
        computes: The name of the part that computes.
    """

    loads: tuple[Network, ...] = ()
    needs: frozenset[Part] = frozenset()
    working: int | None = 0
    offloaded: int | None = None
    computes: str = ""


@dataclass
class Outlook:
    """Looks at the nodes of a plan, one after the other."""

    known: dict[Port, Known] = field(default_factory=dict)
    nodes: dict[str, Foreseen] = field(default_factory=dict)

    def look(self, work: Work) -> None:
        """Take note of a node whose sources have been looked at."""
        given = dict(self.given(work))
        loads = loaded_by(work)
        for output, kind in work.makes.items():
            self.known[work.id, output] = self.made(work, kind, loads, given)
        needs = frozenset(part for known in given.values() for part in known.parts)
        own = frozenset((work.id, index) for index in range(len(loads)))
        seen = Foreseen(loads, needs | own)
        self.nodes[work.id] = computing(seen, work, given) if work.runs else seen

    def given(self, work: Work) -> Iterable[tuple[str, Known]]:
        """Yield what reaches a node, by type."""
        for kind, node, output in work.takes.values():
            yield kind, self.known.get((node, output), Known())

    def made(self, work: Work, kind: str, loads: tuple[Network, ...], given: Mapping[str, Known]) -> Known:
        """Return what is known of an output of a type."""
        if kind == "Latent":
            return latent_of(work, given)
        before = given.get(kind, Known())
        parts = frozenset(part for known in given.values() for part in known.parts)
        mine = [index for index, one in enumerate(loads) if OWNERS.get(kind, one.size.name) == one.size.name]
        if not mine:
            return Known() if kind in FREE else after(work, kind, replace(before, parts=parts), given)
        chosen = loads[mine[0]]
        if chosen.build is None:  # a LoRA goes beside what is there
            return replace(before, parts=parts | {(work.id, mine[0])})
        return Known(parts | {(work.id, index) for index in mine}, chosen, family_of(chosen))


def after(work: Work, kind: str, value: Known, given: Mapping[str, Known]) -> Known:
    """Return a value that goes on through a node: a model with more on top, a guider with more prompts."""
    if kind == "Guider":
        prompts = sum(taken == "Conditioning" for taken, _, _ in work.takes.values())
        return replace(value, branches=max(prompts, value.branches))
    if kind != "Model":
        return value
    control = given.get("ControlNet", Known()).part
    controls = (*value.controls, control) if control else value.controls
    return replace(value, patches=with_technique(work, value), controls=controls)


def with_technique(work: Work, model: Known) -> tuple[Patch[Any], ...]:
    """Return the techniques on a model behind a node, which is asked with a handle without numbers.

    A node that takes more than a model and what is typed in cannot be asked before a run.
    """
    if work.technique is None or model.part is None or model.family is None or len(work.takes) > 1:
        return model.patches
    handle = Model(activations.network(model.part), model.family, model.patches)
    try:
        behind: Model = work.technique(**{**work.values, next(iter(work.takes)): handle})
    except Exception as error:  # the node itself will say so; a plan goes on without
        log.info("no forecast of %s: %s", work.id, error)
        return model.patches
    return behind.patches


def outlook(works: Iterable[Work]) -> Mapping[str, Foreseen]:
    """Return what is to be expected of each node of a plan."""
    looked = Outlook()
    for work in works:
        looked.look(work)
    return looked.nodes


def loaded_by(work: Work) -> tuple[Network, ...]:
    """Return what lies in the files that a node names; a file that cannot be read is refused by the node."""
    found: list[Network] = []
    for path in work.files.values():
        try:
            found += networks_in(path, kept_as(work.values))
        except (Refusal, OSError):
            continue
    wanted = {OWNERS[kind] for kind in work.makes.values() if kind in OWNERS}
    if not wanted:
        return tuple(found)
    return tuple(one for one in found if one.size.name in wanted or one.build is None)


def kept_as(values: Mapping[str, Any]) -> str:
    """Return how a loader is asked to keep weights."""
    storage = str(values.get("storage", FULL))
    return str(values.get("precision", "auto")) if storage == FULL else CAST + storage


def family_of(part: Network) -> Family | None:
    """Return the family of a transformer or autoencoder."""
    words = part.size.model.split()
    name = words[0] if words else ""
    vae = "-".join(words[:2])
    for family in FAMILIES:
        if family.name == name or family.latent.autoencoder == vae:
            return family
    return None


def latent_of(work: Work, given: Mapping[str, Known]) -> Known:
    """Return the shape of the latent that a node makes: as it is told, as before, or of a usual picture."""
    before = given.get("Latent")
    model = given.get("Model") or given.get("Vae") or before
    if model is None or model.family is None:
        return before or Known()
    if before is not None and before.shape is not None and not work.values.get("width"):
        return before
    return Known(family=model.family, shape=shape_of(work.values, model, before))


def shape_of(values: Mapping[str, Any], model: Known, before: Known | None) -> tuple[int, ...]:
    """Return a latent's shape for the picture size (pixels) that a node is told."""
    family = model.family
    assert family is not None
    stated = (model.part.stated or {}).get("_patchloom_size") if model.part else None
    usual = stated or family.native_size
    size = [int(values.get(name) or side) for name, side in zip(("width", "height"), usual, strict=True)]
    cells = size[1] // family.latent.downscale, size[0] // family.latent.downscale
    if before is not None and before.shape is not None:
        return (*before.shape[:-2], *cells)
    frames = (family.latent.latent_frames(int(values.get("length", 1))),)
    batch = int(values.get("batch_size", 1))
    return (batch, channels(model, family), *(frames if family.latent.frames else ()), *cells)


def channels(model: Known, family: Family) -> int:
    """Return the channels of the family's latents, as its transformer says; 16 is what most have."""
    if model.part is None or model.part.size.name != "transformer":
        return 16
    return family.latent.channels(activations.network(model.part))


def computing(seen: Foreseen, work: Work, given: Mapping[str, Known]) -> Foreseen:
    """Return a node with what it takes to compute."""
    kind, taken = asked(work, given)
    if not kind:
        return seen
    both = (taken.beside, taken.offloaded) if taken else (None, None)
    return replace(seen, computes=OWNERS[kind], working=both[0], offloaded=both[1])


def asked(work: Work, given: Mapping[str, Known]) -> tuple[str, Taken | None]:
    """Return which of the values that a node is given computes, and what that takes; "" for none."""
    makes = set(work.makes.values())
    model, vae, encoder = (given.get(name, Known()) for name in OWNERS)
    latent = given.get("Latent", Known()).shape
    if model.part and model.family and latent and "Latent" in makes:
        return "Model", sampled(model, model.part, (model.family.name, latent), given)
    if vae.part and vae.family and latent and makes & {"Image", "Video"}:
        tile = tile_of(work.values, vae.family, latent)
        return "Vae", activations.decoding(vae.part, vae.family.name, tile)
    if vae.part and vae.family and "Image" in given and "Latent" in makes:
        tile = tile_of(work.values, vae.family, shape_of(work.values, vae, None))
        return "Vae", activations.encoding(vae.part, vae.family.name, tile)
    if encoder.part and "Conditioning" in makes:
        return "TextEncoder", activations.reading(encoder.part, PROMPT_LENGTH)
    return "", None


def sampled(
    model: Known, part: Network, latent: tuple[str, tuple[int, ...]], given: Mapping[str, Known]
) -> Taken | None:
    """Return what a question to a model takes, with what is on top of it."""
    taken, branches = activations.sampling(part, *latent), given.get("Guider", Known()).branches
    if taken is None:
        return None
    steered = (steering(control, part, *latent) for control in model.controls)
    beside = controlled(taken, (one for one in steered if one), branches)
    return on_top(beside, part, latent, model.patches, branches)


def tile_of(values: Mapping[str, Any], family: Family, latent: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape of what an autoencoder works on at a time, for nodes that go tile by tile."""
    side = int(values.get("tile", 0)) // family.latent.downscale
    return (*latent[:-2], *(min(side, cells) for cells in latent[-2:])) if side else latent
