"""What each node of a run will hold in memory, told from headers and forward passes without numbers.

Nodes are known by their types alone: what takes a Model and a Latent and makes a Latent samples, what takes a
Vae and a Latent and makes an Image decodes. So new nodes are forecast without being told of here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from app.checkpoints.sizes import CAST
from app.engine.families import FAMILIES, Family
from app.engine.memory import activations
from app.engine.memory.layerwise import FULL
from app.engine.memory.networks import Network, networks_in
from app.graph.problem import Refusal

# Values that hold no weights: what made them is done with its model.
FREE = {"Latent", "Image", "Mask", "Video", "Conditioning", "Sigmas", "int", "float", "bool", "str", "choice"}
OWNERS = {"Model": "transformer", "TextEncoder": "text encoder", "Vae": "autoencoder"}
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


@dataclass(frozen=True)
class Known:
    """What is known of a value that a node makes.

    Attributes:
        parts: The weights that are needed as long as it is.
        part: The network that it stands for.
        family: Of a model, an autoencoder or a latent.
        shape: Of a latent, (B, C, h, w) or (B, C, F, h, w).
    """

    parts: frozenset[Part] = frozenset()
    part: Network | None = None
    family: Family | None = None
    shape: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Foreseen:
    """One node: the networks that it loads, the weights that it needs, what computing takes beside them."""

    loads: tuple[Network, ...] = ()
    needs: frozenset[Part] = frozenset()
    working: int | None = 0


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
        self.nodes[work.id] = Foreseen(loads, needs | own, computing(work, given) if work.runs else 0)

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
            return Known() if kind in FREE else Known(parts, before.part, before.family, before.shape)
        chosen = loads[mine[0]]
        if chosen.build is None:  # a LoRA goes beside what is there
            return Known(parts | {(work.id, mine[0])}, before.part, before.family)
        return Known(parts | {(work.id, index) for index in mine}, chosen, family_of(chosen))


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
    frames = ((int(values.get("length", 1)) - 1) // family.latent.frame_downscale + 1,)
    batch = int(values.get("batch_size", 1))
    return (batch, channels(model, family), *(frames if family.latent.frames else ()), *cells)


def channels(model: Known, family: Family) -> int:
    """Return the channels of the family's latents, as its transformer says; 16 is what most have."""
    if model.part is None or model.part.size.name != "transformer":
        return 16
    return family.latent.channels(activations.network(model.part))


def computing(work: Work, given: Mapping[str, Known]) -> int | None:
    """Return the bytes that a node takes to compute; None where that cannot be told."""
    makes = set(work.makes.values())
    model, vae, encoder = (given.get(name, Known()) for name in OWNERS_IN_ORDER)
    latent = given.get("Latent", Known()).shape
    if model.part and model.family and latent and "Latent" in makes:
        bytes = activations.sampling(model.part, model.family.name, latent)
        return None if bytes is None else bytes + activations.packed_numbers(model.part)
    if vae.part and vae.family and latent and makes & {"Image", "Video"}:
        return activations.decoding(vae.part, vae.family.name, tile_of(work.values, vae.family, latent))
    if vae.part and vae.family and "Image" in given and "Latent" in makes:
        shape = shape_of(work.values, vae, None)
        return activations.encoding(vae.part, vae.family.name, tile_of(work.values, vae.family, shape))
    if encoder.part and "Conditioning" in makes:
        return activations.reading(encoder.part, PROMPT_LENGTH)
    return 0


OWNERS_IN_ORDER = ("Model", "Vae", "TextEncoder")


def tile_of(values: Mapping[str, Any], family: Family, latent: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape of what an autoencoder works on at a time, for nodes that go tile by tile."""
    side = int(values.get("tile", 0)) // family.latent.downscale
    return (*latent[:-2], *(min(side, cells) for cells in latent[-2:])) if side else latent
