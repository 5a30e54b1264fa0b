"""What a comparison of techniques found, as rows of figures: the plain run first, then the one with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isfinite
from pathlib import Path
from typing import Any, NamedTuple

from app.engine.comparison import Variant
from app.engine.imaging import metrics
from app.engine.imaging.judge import open_judge
from app.engine.media import Image

Accuracy = Callable[[Image], float]


class Compared(NamedTuple):
    """Pictures (plain, with techniques, fewer steps), the table as text, and the verdict."""

    plain: Image
    with_techniques: Image
    fewer_steps: Image
    table: str
    worth_it: bool


def accuracy_of(prompt: str, judge: Path) -> Accuracy | None:
    """Return what tells the mean share (0..1) of a prompt that pictures show; None without a prompt."""
    if not prompt.strip():
        return None
    reader = open_judge(judge.parent)

    def accuracy(image: Image) -> float:
        shares = reader.accuracy(image, [prompt] * len(image.pixels))
        return sum(shares) / len(shares)

    return accuracy


def rows_of(
    variants: Sequence[Variant], pictures: Sequence[Image], accuracy: Accuracy | None
) -> list[dict[str, Any]]:
    """Return the figures of each variant; without pictures those of the latents only."""
    shown: Sequence[Image | None] = pictures or [None] * len(variants)
    return [
        {
            **costs(variant, variants[0]),
            **likeness(image, shown[0]),
            "latent_error": round(
                metrics.latent_error(variant.latent.samples, variants[0].latent.samples), 4
            ),
            "prompt_accuracy": round(accuracy(image), 3) if accuracy and image else None,
        }
        for variant, image in zip(variants, shown, strict=True)
    ]


def costs(variant: Variant, plain: Variant) -> dict[str, Any]:
    """Return what a variant took; the ratio is against the plain run."""
    return {
        "name": variant.name,
        "steps": variant.steps,
        "time_ratio": round(variant.duration / plain.duration, 3),
        "work_saved": None if variant.saved is None else round(variant.saved, 3),
    }


def likeness(image: Image | None, reference: Image | None) -> dict[str, Any]:
    """Return how near a picture is to another; the PSNR of equal ones has no end and is None."""
    if image is None or reference is None:
        return {"psnr": None, "ssim": None}
    psnr = metrics.psnr(image, reference)
    return {
        "psnr": round(psnr, 2) if isfinite(psnr) else None,
        "ssim": round(metrics.ssim(image, reference), 4),
    }


def worth_it(rows: Sequence[dict[str, Any]]) -> bool:
    """Whether the techniques came nearer to the plain run than as many plain steps as cost the same."""
    return bool(rows[1]["time_ratio"] < 1 and rows[1]["latent_error"] < rows[2]["latent_error"])


def as_text(rows: Sequence[dict[str, Any]]) -> str:
    """Return rows as a Markdown table."""
    heads = list(rows[0])
    lines = [heads, ["---"] * len(heads), *([written(entry[head]) for head in heads] for entry in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def written(value: object) -> str:
    return "" if value is None else str(value)
