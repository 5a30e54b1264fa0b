"""Random scenes: which objects stand where on which background, apart from how they are drawn or told."""

from dataclasses import asdict, dataclass, replace
from random import Random
from typing import Any

from models.mini.training.vocabulary import (
    BACKGROUNDS,
    COLOR_NAMES,
    LANDSCAPES,
    PLACES,
    SHAPES,
    SIZES,
    SPRITES,
    VISIBLE_ON_LANDSCAPE,
    is_similar,
    pattern_color,
)

CANVAS = 128
"""Width and height of the logical canvas that all coordinates refer to."""
BACKGROUND_WEIGHTS = [34, 9, 9, 9, 9, 6, 6, 6, 6, 6]
SPRITE_SHARE = 0.55
DIAMETERS: dict[int, dict[str, tuple[float, float]]] = {
    1: {"small": (32, 38), "medium": (50, 58), "large": (76, 86)},
    2: {"small": (28, 33), "medium": (42, 48), "large": (54, 60)},
    3: {"small": (24, 28), "medium": (34, 37), "large": (34, 37)},
}
"""Range of diameters by the number of objects in the scene and by size."""
PAIR_OFFSET = 31
INNER_DIAMETER = 30.0
SINGLE_SHARE, PAIR_SHARE, INSIDE_SHARE = 0.46, 0.36, 0.11


@dataclass(frozen=True)
class Thing:
    """One object: a coloured shape or a sprite (whose colour is None)."""

    kind: str
    size: str
    color: str | None
    diameter: float
    x: float = CANVAS / 2
    y: float = CANVAS / 2


@dataclass(frozen=True)
class Scene:
    """Everything a picture shows; `seed` settles the small irregularities of the drawing."""

    things: tuple[Thing, ...]
    layout: str
    background: str
    background_color: str | None
    seed: int

    def to_json(self) -> dict[str, Any]:
        """Return plain data that `scene_from_json` reads."""
        return asdict(self)


def scene_from_json(data: dict[str, Any]) -> Scene:
    """Rebuild a scene from `Scene.to_json`."""
    return Scene(**{**data, "things": tuple(Thing(**thing) for thing in data["things"])})


class SceneSampler:
    """Draws scenes from a seeded generator."""

    def __init__(self, rng: Random) -> None:
        """Take the source of randomness."""
        self.rng = rng
        self.background = "plain"
        self.background_color: str | None = None

    def sample(self) -> Scene:
        """Draw the next scene."""
        self._draw_background()
        u = self.rng.random()
        if u < SINGLE_SHARE:
            return self._single()
        if u < SINGLE_SHARE + PAIR_SHARE:
            return self._pair()
        if u < SINGLE_SHARE + PAIR_SHARE + INSIDE_SHARE:
            return self._inside()
        return self._group()

    def _draw_background(self) -> None:
        rng = self.rng
        self.background = rng.choices(BACKGROUNDS, BACKGROUND_WEIGHTS)[0]
        if self.background in LANDSCAPES:
            self.background_color = None
        elif self.background == "plain" and rng.random() < 0.3:
            self.background_color = "white"
        else:
            self.background_color = rng.choice(COLOR_NAMES)

    def _colors(self, avoid: str | None) -> list[str]:
        if self.background in LANDSCAPES:
            visible = VISIBLE_ON_LANDSCAPE[self.background]
        else:
            visible = [c for c in COLOR_NAMES if not is_similar(c, self.background_color)]
            if self.background != "plain":
                visible = [c for c in visible if c != pattern_color(str(self.background_color))]
        return [c for c in visible if not is_similar(c, avoid)] or visible

    def _thing(self, count: int, size: str | None = None, avoid: str | None = None, kind: str = "") -> Thing:
        rng = self.rng
        kind = kind or rng.choice(SPRITES if rng.random() < SPRITE_SHARE else SHAPES)
        size = size or rng.choices(SIZES, [3, 5, 3])[0]
        color = rng.choice(self._colors(avoid)) if kind in SHAPES else None
        return Thing(kind, size, color, rng.uniform(*DIAMETERS[count][size]))

    def _other_thing(self, kind: str, count: int, size: str | None = None, avoid: str | None = None) -> Thing:
        pool = SPRITES if self.rng.random() < SPRITE_SHARE else SHAPES
        other = self.rng.choice([name for name in pool if name != kind])
        return self._thing(count, size, avoid, other)

    def _scene(self, things: list[Thing], layout: str) -> Scene:
        return Scene(tuple(things), layout, self.background, self.background_color, self.rng.getrandbits(32))

    def _jitter(self, amount: float = 4) -> float:
        return CANVAS / 2 + self.rng.uniform(-amount, amount)

    def _single(self) -> Scene:
        rng, thing = self.rng, self._thing(1)
        place = "center" if rng.random() < 0.4 else rng.choice(PLACES[1:])
        if thing.size == "large" and rng.random() < 0.5:
            place = "center"
        reach = CANVAS / 2 - max(thing.diameter / 2 + 4, 30)
        across, down = ("right" in place) - ("left" in place), ("bottom" in place) - ("top" in place)
        return self._scene(
            [replace(thing, x=self._jitter() + across * reach, y=self._jitter() + down * reach)], place
        )

    def _pair(self) -> Scene:
        first = self._thing(2)
        second = self._other_thing(first.kind, 2)
        layout = self.rng.choice(["left of", "above"])
        placed = []
        for thing, side in ((first, -1), (second, 1)):
            along, aside = self._jitter(3) + side * PAIR_OFFSET, self._jitter()
            x, y = (along, aside) if layout == "left of" else (aside, along)
            placed.append(replace(thing, x=x, y=y))
        return self._scene(placed, layout)

    def _inside(self) -> Scene:
        outer = self._thing(
            1, "large", kind=self.rng.choice(["circle", "square", "hexagon", "diamond", "heart"])
        )
        inner = self._other_thing(outer.kind, 1, "small", avoid=outer.color)
        x, y = self._jitter(), self._jitter()
        inner = replace(inner, x=x, y=y, diameter=INNER_DIAMETER)
        return self._scene([replace(outer, x=x, y=y), inner], "inside")

    def _group(self) -> Scene:
        count = self.rng.choice([2, 3])
        thing = self._thing(count, "medium")
        spacing = 58 if count == 2 else 41
        across = [CANVAS / 2 + (i - (count - 1) / 2) * spacing for i in range(count)]
        return self._scene(
            [replace(thing, x=x, y=self._jitter(1)) for x in across], "two" if count == 2 else "three"
        )
