"""Is a technique worth it? With it, without it, and with as many plain steps as cost the same."""

from __future__ import annotations

from typing import Annotated, Any

from app.engine.comparison import Work, compare
from app.engine.comparison_rows import Compared, accuracy_of, as_text, rows_of, worth_it
from app.engine.latents.vae import Vae
from app.engine.media import Latent
from app.engine.model import Model
from app.engine.sampling import Guider, Sampler, Sampling, Sigmas, Watcher
from app.graph.node import Context, node
from app.graph.widgets import ModelFile, Number, Seed, TextBox


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
    given = {
        "model": model,
        "guider": guider,
        "sampler": sampler,
        "sigmas": sigmas,
        "latent": latent,
        "seed": seed,
    }
    variants = compare(Work(sampled, "watcher", given), context, repeats, curve)
    pictures = [vae.decode(variant.latent) for variant in variants]
    accuracy = accuracy_of(prompt, context.model_path("models", judge))
    rows = rows_of(variants, pictures, accuracy)
    context.report({"technique": "compare_techniques", "rows": rows, "worth_it": worth_it(rows)})
    plain, quick, fewer, *_ = pictures
    return Compared(plain, quick, fewer, as_text(rows), worth_it(rows))


def sampled(watcher: Watcher, latent: Latent, seed: int, **parts: Any) -> Latent:
    """Sample with the parts of a Sampling."""
    return Sampling(**parts).run(latent, seed, watcher)
