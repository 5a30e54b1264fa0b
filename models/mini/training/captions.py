"""Templated captions of scenes, with the variety that the text encoders must understand."""

from random import Random

from models.mini.training.scenes import Scene, Thing
from models.mini.training.vocabulary import LANDSCAPES, PLACES, plural

OPENINGS = ["", "", "", "a picture of ", "an image of ", "a drawing of "]


def with_article(words: str) -> str:
    """Put "a" or "an" before some words."""
    return ("an " if words[0] in "aeiou" else "a ") + words


def describe(thing: Thing) -> str:
    """Name one object, with its size unless that is medium."""
    size = "" if thing.size == "medium" else thing.size
    return with_article(" ".join(word for word in (size, thing.color or "", thing.kind) if word))


def write_caption(scene: Scene, rng: Random) -> str:
    """Write one of a scene's many captions."""
    if scene.layout in PLACES:
        text = describe(scene.things[0]) + _place(scene.layout, rng)
    elif scene.layout in ("two", "three"):
        thing = scene.things[0]
        text = " ".join(word for word in (scene.layout, thing.color or "", plural(thing.kind)) if word)
    else:
        text = _relation(scene, rng)
    return rng.choice(OPENINGS) + text + _background(scene, rng)


def _place(place: str, rng: Random) -> str:
    if place == "center":
        return rng.choice([" in the center", " in the middle"]) if rng.random() < 0.3 else ""
    if place in ("left", "right"):
        return rng.choice([f" on the {place}", f" on the {place} side"])
    if place in ("top", "bottom"):
        return f" at the {place}"
    return rng.choice([f" in the {place} corner", f" in the {place}"])


def _relation(scene: Scene, rng: Random) -> str:
    a, b = (describe(thing) for thing in scene.things)
    if scene.layout == "inside":
        return f"{b} inside {a}"
    if scene.layout == "above":
        return rng.choice([f"{a} above {b}", f"{b} below {a}", f"{a} on top of {b}"])
    return rng.choice(
        [
            f"{a} to the left of {b}",
            f"{a} left of {b}",
            f"{b} to the right of {a}",
            f"{b} right of {a}",
            f"{a} next to {b}",
            f"{a} and {b}",
        ]
    )


def _background(scene: Scene, rng: Random) -> str:
    kind, color = scene.background, scene.background_color or ""
    if kind in LANDSCAPES:
        night = rng.choice([" at night", " in the night sky"])
        others = {
            "meadow": " in a meadow",
            "beach": " on the beach",
            "sunset": " at sunset",
            "snow": " in the snow",
        }
        return others.get(kind, night)
    if kind == "plain" and color == "white" and rng.random() > 0.4:
        return ""
    return rng.choice(
        {
            "plain": [f" on {with_article(color)} background", f" on {color}"],
            "striped": [f" on a striped {color} background", f" on {color} stripes"],
            "checkered": [f" on a checkered {color} background", f" on {with_article(color)} checkerboard"],
            "dotted": [f" on a dotted {color} background", f" on {with_article(color)} background with dots"],
            "gradient": [f" on {with_article(color)} gradient background"],
        }[kind]
    )
