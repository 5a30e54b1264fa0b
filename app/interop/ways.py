"""Where inputs of ours come from when it is not just an input of the same meaning."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.interop.flat import FlatNode, Setting, Source, Wire
from app.interop.reach import Reach
from app.interop.rules import Found, From, Unmapped, is_number


@dataclass(frozen=True)
class FileName:
    """An uploaded file. ComfyUI may add ` [input]` to the name."""

    input: str

    def find(self, node: FlatNode, reach: Reach) -> Found | None:
        source = reach.source(node, self.input)
        if not isinstance(source, Setting) or not isinstance(source.value, str):
            return Found(source) if source is not None else None
        name = source.value.removesuffix(" [input]")
        if name.endswith((" [output]", " [temp]")):
            raise Unmapped(f"{self.input} is {name!r}, and Patchloom opens pictures of the input folder only")
        return Found(Setting(name, source.places))

    def restore(self, source: Source) -> dict[str, Source]:
        return {self.input: source}


@dataclass(frozen=True)
class Times:
    """A number that is measured in another unit here: ours is `factor` times ComfyUI's."""

    input: str
    factor: float

    def find(self, node: FlatNode, reach: Reach) -> Found:
        source = reach.source(node, self.input, fold=True)
        if not isinstance(source, Setting) or not is_number(source.value):
            raise Unmapped(f"{self.input} is connected, and has to be typed in")
        return Found(Setting(source.value * self.factor, source.places), back=self.back)

    def back(self, value: Any) -> Any:
        return round(value / self.factor, 9) if is_number(value) else value

    def restore(self, source: Source) -> dict[str, Source]:
        return {self.input: Setting(self.back(source.value)) if isinstance(source, Setting) else source}


@dataclass(frozen=True)
class Color:
    """A colour that ComfyUI writes as the number 0xRRGGBB, and we as #rrggbb."""

    input: str

    def find(self, node: FlatNode, reach: Reach) -> Found:
        source = reach.source(node, self.input, fold=True)
        if not isinstance(source, Setting) or not isinstance(source.value, int):
            raise Unmapped(f"{self.input} has to be a whole number, and typed in")
        return Found(Setting(f"#{source.value & 0xFFFFFF:06x}", source.places), back=self.back)

    def back(self, value: Any) -> Any:
        text = str(value).removeprefix("#")
        return int(text, 16) if re.fullmatch(r"[0-9a-fA-F]{6}", text) else 0

    def restore(self, source: Source) -> dict[str, Source]:
        return {self.input: Setting(self.back(source.value)) if isinstance(source, Setting) else source}


@dataclass(frozen=True)
class OneOf:
    """The input that a choice brings along: word -> input. All of them come back; the choice keeps one."""

    choice: str
    inputs: Mapping[str, str]

    def find(self, node: FlatNode, reach: Reach) -> Found | None:
        input = self.inputs.get(str(reach.value(node, self.choice)))
        source = reach.source(node, input) if input else None
        return Found(source) if source is not None else None

    def restore(self, source: Source) -> dict[str, Source]:
        return dict.fromkeys(self.inputs.values(), source)


@dataclass(frozen=True)
class Picture:
    """A wire that carries a picture; of a mask our node would not know what to do."""

    input: str

    def find(self, node: FlatNode, reach: Reach) -> Found | None:
        source, above = reach.source(node, self.input), reach.above(node, self.input)
        if source is None or above is None or not isinstance(source, Wire):
            return None
        outputs = above.outputs
        if source.slot < len(outputs) and outputs[source.slot].type == "MASK":
            raise Unmapped(f"{self.input} is a mask; there is Resize mask for those")
        return Found(source)

    def restore(self, source: Source) -> dict[str, Source]:
        return {self.input: source}


@dataclass(frozen=True)
class Loosely:
    """A choice of which we know some words; every other one becomes `otherwise`, and stays in the file."""

    input: str
    words: Mapping[str, Any]
    otherwise: Any
    note: str = ""

    def find(self, node: FlatNode, reach: Reach) -> Found:
        source = reach.source(node, self.input, fold=True)
        word = source.value if isinstance(source, Setting) else None
        places = source.places if isinstance(source, Setting) else ()
        known = isinstance(word, str) and word in self.words
        ours = self.words.get(str(word), self.otherwise)
        return Found(
            Setting(ours, places),
            back=lambda value: self.back(value, word),
            note="" if known or not self.note else f"{word!r} {self.note}",
        )

    def back(self, value: Any, word: Any) -> Any:
        if self.words.get(word, self.otherwise) == value:
            return word
        return next((theirs for theirs, ours in self.words.items() if ours == value), word)

    def restore(self, source: Source) -> dict[str, Source]:
        if not isinstance(source, Setting):
            return {}
        word = next((theirs for theirs, ours in self.words.items() if ours == source.value), None)
        return {} if word is None else {self.input: Setting(word)}


@dataclass(frozen=True)
class SamplersModel:
    """The model of the sampler that will fill this latent; ComfyUI's empty latents do not ask for it."""

    samplers: Mapping[str, From] = field(hash=False)

    def find(self, node: FlatNode, reach: Reach) -> Found | None:
        for user in reach.downstream(node):
            if user.class_type in self.samplers:
                return self.samplers[user.class_type].find(user, reach)
        return None

    def restore(self, source: Source) -> dict[str, Source]:
        return {}


@dataclass(frozen=True)
class Also:
    """An input that goes somewhere else too, and comes back from there: the seed of noise that is added."""

    input: str

    def find(self, node: FlatNode, reach: Reach) -> Found | None:
        value = reach.value(node, self.input)
        return None if value is None else Found(Setting(value))

    def restore(self, source: Source) -> dict[str, Source]:
        return {}


@dataclass(frozen=True)
class Always:
    """A value that ComfyUI's node has built in."""

    value: Any

    def find(self, node: FlatNode, reach: Reach) -> Found:
        return Found(Setting(self.value))

    def restore(self, source: Source) -> dict[str, Source]:
        return {}


@dataclass(frozen=True)
class Follows:
    """An input that goes to the main part too, and comes back from there."""

    input: str

    def find(self, node: FlatNode, reach: Reach) -> Found | None:
        source = reach.source(node, self.input)
        return None if source is None else Found(source)

    def restore(self, source: Source) -> dict[str, Source]:
        return {}


@dataclass(frozen=True)
class OnModel:
    """A value that ComfyUI keeps in the model: a node of its own on the model's wire has it as an input."""

    class_type: str
    input: str

    def find(self, node: FlatNode, reach: Reach) -> Found | None:
        source, seen = node.inputs.get("model"), set[str]()
        while isinstance(source, Wire) and source.node in reach.flat.nodes and source.node not in seen:
            seen.add(source.node)
            above = reach.flat.nodes[source.node]
            if above.class_type == self.class_type and above.mode == "on":
                found = reach.source(above, self.input)
                return Found(found) if found is not None else None
            source = above.inputs.get(reach.way_through(above) or "model")
        return None

    def restore(self, source: Source) -> dict[str, Source]:
        return {}


@dataclass(frozen=True)
class Among:
    """Whether a choice is one of some words; it comes back with the choice itself."""

    input: str
    words: frozenset[str]

    def find(self, node: FlatNode, reach: Reach) -> Found | None:
        return Found(Setting(True)) if reach.value(node, self.input) in self.words else None

    def restore(self, source: Source) -> dict[str, Source]:
        return {}


@dataclass(frozen=True)
class NoiseOf:
    """What the node tells that makes the noise: the seed of RandomNoise, or that there is none."""

    input: str
    seed: bool

    def find(self, node: FlatNode, reach: Reach) -> Found | None:
        above = reach.above(node, self.input)
        silent = above is not None and above.class_type == "DisableNoise"
        if not self.seed:
            return Found(Setting(not silent))
        if above is None or silent:
            return None
        source = reach.source(above, "noise_seed")
        if source is None:
            raise Unmapped(f"{self.input} comes from {above.class_type}, which has no noise_seed")
        return Found(source)

    def restore(self, source: Source) -> dict[str, Source]:
        return {}


@dataclass(frozen=True)
class SamplersSeed:
    """The seed of the sampler node that will use this, from which its fresh noise follows as well."""

    def find(self, node: FlatNode, reach: Reach) -> Found | None:
        for user in reach.downstream(node):
            way = SEEDS.get(user.class_type)
            found = way.find(user, reach) if way else None
            if found is not None:
                value = found.source.value if isinstance(found.source, Setting) else None
                return found if value is None else Found(Setting(value))
        return None

    def restore(self, source: Source) -> dict[str, Source]:
        return {}


@dataclass(frozen=True)
class Share:
    """A number from 0 to 1 here, where ComfyUI writes -1 or a large one for the end of the range."""

    input: str

    def find(self, node: FlatNode, reach: Reach) -> Found:
        source = reach.source(node, self.input, fold=True)
        if not isinstance(source, Setting) or not is_number(source.value):
            raise Unmapped(f"{self.input} is connected, and has to be typed in")
        theirs = source.value
        ours = theirs if 0 <= theirs <= 1 else 1.0
        return Found(Setting(ours, source.places), back=lambda value: theirs if value == ours else value)

    def restore(self, source: Source) -> dict[str, Source]:
        return {self.input: source}


SEEDS: Mapping[str, From] = {
    "SamplerCustomAdvanced": NoiseOf("noise", seed=True),
    "SamplerCustom": Also("noise_seed"),
}
