"""Is a technique worth it? With it, without it, and with as many plain steps as cost the same."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import Annotated, Any, NamedTuple

from app.engine.comparison import Variant, compare
from app.engine.imaging import metrics
from app.engine.imaging.judge import open_judge
from app.engine.latents.vae import Vae
from app.engine.media import Image, Latent
from app.engine.model import Model
from app.engine.sampling import Guider, Sampler, Sampling, Sigmas
from app.graph.node import Context, node
from app.graph.problem import Refusal
from app.graph.widgets import ModelFile, Number, Seed, TextBox

Accuracy = Callable[[Image], float | None]


class Compared(NamedTuple):
    """Pictures (plain, with techniques, fewer steps), the table as text, and the two time ratios' verdict."""

    plain: Image
    with_techniques: Image
    fewer_steps: Image
    table: str
    worth_it: bool


@node()
def compare_techniques(
    context: Context,
    model: Model,
    vae: Vae,
    guider: Guider,
    sampler: Sampler,
    sigmas: Sigmas,
    latent: Latent,
    seed: Annotated[int, Seed()] = 0,
    repeats: Annotated[int, Number(1, 20)] = 3,
    prompt: Annotated[str, TextBox()] = "",
    judge: Annotated[str, ModelFile("models")] = "judges/mini/model.safetensors",
    curve: Annotated[int, Number(0, 5)] = 0,
) -> Compared:
    """Sample in three ways from one seed; tell time, work saved and how near each comes to the plain run.

    Args:
        model: A model with techniques on it.
        vae: The model's autoencoder.
        guider: The prompts.
        sampler: How to walk from one noise level to the next.
        sigmas: The noise levels of the plain run.
        latent: An empty latent, for the size and number of pictures.
        seed: Which noise to start from.
        repeats: How often the plain run and the one with techniques take turns; the quickest of each counts.
        prompt: For pictures of the embedded model: what a judge should look for; empty asks none.
        judge: The judge's weights.
        curve: How many more plain runs to make, each of fewer steps: the curve that a technique has to beat.
    """
    if all(patch.inner for patch in model.patches):
        raise Refusal(
            "The model has no technique on it, so there is nothing to compare.",
            "Put the techniques between the loader and this node.",
            code="nothing_to_compare",
            input="model",
        )
    reader = open_judge(context.model_path("models", judge).parent) if prompt.strip() else None

    def accuracy(image: Image) -> float | None:
        if reader is None:
            return None
        shares = reader.accuracy(image, [prompt] * len(image.pixels))
        return sum(shares) / len(shares)

    sampling = Sampling(model, guider, sampler, sigmas)
    variants = compare(sampling, latent, seed, context.check_cancelled, repeats, curve)
    pictures = [vae.decode(variant.latent) for variant in variants]
    rows = [
        row(variant, image, variants[0], pictures[0], accuracy(image))
        for variant, image in zip(variants, pictures, strict=True)
    ]
    worth_it = rows[1]["latent_error"] < rows[2]["latent_error"]
    context.report({"technique": "compare_techniques", "rows": rows, "worth_it": worth_it})
    plain, quick, fewer, *_ = pictures
    return Compared(plain, quick, fewer, as_text(rows), worth_it)


def row(
    variant: Variant, image: Image, plain: Variant, reference: Image, accuracy: float | None
) -> dict[str, Any]:
    """Return the figures of one variant; a ratio is against the plain run."""
    psnr = metrics.psnr(image, reference)
    return {
        "name": variant.name,
        "steps": variant.steps,
        "time_ratio": round(variant.duration / plain.duration, 3),
        "work_saved": None if variant.saved is None else round(variant.saved, 3),
        "psnr": round(psnr, 2) if isfinite(psnr) else None,
        "ssim": round(metrics.ssim(image, reference), 4),
        "latent_error": round(metrics.latent_error(variant.latent.samples, plain.latent.samples), 4),
        "prompt_accuracy": None if accuracy is None else round(accuracy, 3),
    }


def as_text(rows: list[dict[str, Any]]) -> str:
    """Return rows as a Markdown table."""
    heads = list(rows[0])
    lines = [heads, ["---"] * len(heads), *([written(entry[head]) for head in heads] for entry in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def written(value: object) -> str:
    return "" if value is None else str(value)
