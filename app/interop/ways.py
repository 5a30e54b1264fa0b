"""Where inputs of ours come from when it is not just an input of the same meaning."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
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
        ours = self.words[word] if known else self.otherwise
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
class Strength:
    """ComfyUI takes the last `steps` of int(steps / denoise) steps; our strength says where to start."""

    steps: str = "steps"
    denoise: str = "denoise"

    def find(self, node: FlatNode, reach: Reach) -> Found:
        steps, source = reach.value(node, self.steps), reach.source(node, self.denoise, fold=True)
        denoise = source.value if isinstance(source, Setting) else None
        if denoise == 1:
            return Found(Setting(1.0, source.places))  # type: ignore[union-attr]
        if not is_number(steps) or not is_number(denoise) or steps < 1:
            raise Unmapped(f"{self.steps} and {self.denoise} have to be numbers, and typed in")
        places = source.places if isinstance(source, Setting) else ()
        if denoise <= 0:
            return Found(Setting(0.0, places))
        return Found(Setting(steps / max(int(steps / denoise), steps), places))

    def restore(self, source: Source) -> dict[str, Source]:
        return {self.denoise: source}


@dataclass(frozen=True)
class Late:
    """ComfyUI's start_at_step: leave out the first steps. `rest` is their number, else the strength."""

    rest: bool

    def find(self, node: FlatNode, reach: Reach) -> Found:
        steps, start = reach.value(node, "steps"), reach.value(node, "start_at_step")
        if not is_number(steps) or not is_number(start) or not 0 <= start < steps:
            raise Unmapped("start_at_step has to be a number below steps, and typed in")
        if start == 0:
            return Found(reach.source(node, "steps") or Setting(steps)) if self.rest else Found(Setting(1.0))
        return Found(Setting(int(steps - start) if self.rest else (steps - start) / steps))

    def restore(self, source: Source) -> dict[str, Source]:
        return {}


@dataclass(frozen=True)
class Shift:
    """The shift of the noise levels, which ComfyUI keeps in the model: set by a node on its wire."""

    input: str
    setters: Mapping[str, Callable[[Mapping[str, Any]], float | None]] = field(hash=False)

    def find(self, node: FlatNode, reach: Reach) -> Found | None:
        source, seen = node.inputs.get(self.input), set[str]()
        while isinstance(source, Wire) and source.node in reach.flat.nodes and source.node not in seen:
            seen.add(source.node)
            above = reach.flat.nodes[source.node]
            if above.class_type in self.setters:
                return self.told(above, self.setters[above.class_type], reach)
            source = above.inputs.get(reach.way_through(above) or "model")
        return Found(
            Setting(1.0),
            note="ComfyUI takes it from the model, here it is a value and stands at 1",
            remedy="Set shift to what the model was made for.",
        )

    def told(
        self, node: FlatNode, setter: Callable[[Mapping[str, Any]], float | None], reach: Reach
    ) -> Found | None:
        shift = setter({name: reach.value(node, name) for name in node.inputs})
        if shift is None:
            raise Unmapped(f"the shift of {node.class_type} '{node.id}' is not a typed-in number")
        source = node.inputs.get("shift")
        return Found(Setting(shift, source.places if isinstance(source, Setting) else ()))

    def restore(self, source: Source) -> dict[str, Source]:
        return {}


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
class LowestLevel:
    """The lowest noise level before 0, which ComfyUI takes from the model: a thousandth, shifted."""

    shift: Shift

    def find(self, node: FlatNode, reach: Reach) -> Found | None:
        found = self.shift.find(node, reach)
        shift = found.source.value if found and isinstance(found.source, Setting) else 1.0
        lowest = Setting(round(shift * 0.001 / (1 + (shift - 1) * 0.001), 6))
        return Found(
            lowest, note=found.note if found else "", remedy="Set it to a thousandth, shifted like the model."
        )

    def restore(self, source: Source) -> dict[str, Source]:
        return {}


@dataclass(frozen=True)
class Whole:
    """A strength of 1, for schedules that mean something else by a part of it than ComfyUI does."""

    def find(self, node: FlatNode, reach: Reach) -> Found:
        denoise, start = reach.value(node, "denoise"), reach.value(node, "start_at_step")
        if denoise not in (None, 1) or start not in (None, 0):
            word = reach.value(node, "scheduler")
            raise Unmapped(f"with the scheduler {word!r} only whole runs from pure noise can be mapped")
        return Found(Setting(1.0))

    def restore(self, source: Source) -> dict[str, Source]:
        return {"denoise": source}


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
