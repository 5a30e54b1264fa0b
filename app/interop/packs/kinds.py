"""Names of types: ComfyUI's and ours, wildcards, and words to choose from."""

from __future__ import annotations

from typing import Any

OURS = {
    "*": "Any",
    "INT": "int",
    "FLOAT": "float",
    "STRING": "str",
    "BOOLEAN": "bool",
    "COMBO": "choice",
    "IMAGE": "Image",
    "MASK": "Mask",
    "LATENT": "Latent",
    "VIDEO": "Video",
    "MODEL": "Model",
    "CLIP": "TextEncoder",
    "VAE": "Vae",
    "CONDITIONING": "Conditioning",
    "SAMPLER": "Sampler",
    "GUIDER": "Guider",
    "SIGMAS": "Sigmas",
    "CLIP_VISION": "ClipVision",
    "CLIP_VISION_OUTPUT": "VisionTokens",
}
THEIRS = {ours: theirs for theirs, ours in OURS.items()}
COMBO = "COMBO"
NOBODYS = "\0 a type that nobody has"


def ours(kind: Any) -> str:
    """Return our name of a type as a class declares it: `IMAGE,FLOAT` is `Image,float`, a wildcard `Any`.

    A text with an `!=` of its own is asked which types fit it.
    """
    if not isinstance(kind, str):
        return "choice"
    if accepts_all(kind):
        return "Any"
    names = [part.strip() for part in str.split(kind, ",")]
    if type(kind).__ne__ is not str.__ne__:
        names += [name for name in OURS if name != "*" and fit(name, kind)]
    return ",".join(dict.fromkeys(map(our_name, names)))


def our_name(name: str) -> str:
    """Return our name of one type; types that we do not have keep theirs."""
    return OURS.get(name, name)


def accepts_all(kind: str) -> bool:
    """Whether a type fits every other: `*`, or a text whose `!=` is never true."""
    return "*" in [part.strip() for part in str.split(kind, ",")] or not kind != NOBODYS  # noqa: SIM202


def theirs(name: str) -> str:
    """Return ComfyUI's name of a type of ours."""
    return ",".join(THEIRS.get(part, part) for part in name.split(","))


def fit(made: Any, taken: Any) -> bool:
    """Whether an output of type `made` may feed an input of type `taken`, by the `!=` of the two objects."""
    if not made != taken:  # noqa: SIM202
        return True
    if not isinstance(made, str) or not isinstance(taken, str):
        return False
    mine = {part.strip() for part in str.split(made, ",")}
    yours = {part.strip() for part in str.split(taken, ",")}
    return "*" in mine | yours or not mine.isdisjoint(yours)
