"""ViDiT-Q: calibrate on sampled steps and keep a model in whole numbers of 8 or 4 bits.

Reference: Zhao et al., ViDiT-Q (2024), https://arxiv.org/abs/2406.02540
"""

from __future__ import annotations

from typing import Annotated, Literal

from app.engine.media import Latent
from app.engine.model import Model
from app.engine.sampling import Guider, Sampler, Sampling, Sigmas
from app.engine.weights.model_files import plan
from app.engine.weights.quantising import refuse_elsewhere
from app.engine.weights.storage_report import storage_report
from app.engine.weights.vidit_q import Calibration, Quantization, Recipe, RecordsCalls, watched
from app.graph.node import Context, node
from app.graph.widgets import Number, Seed, Slider

BITS = {"W8A8": 8, "W4A8": 4}


@node(title="ViDiT-Q")
def vidit_q(
    context: Context,
    model: Model,
    guider: Guider,
    sampler: Sampler,
    sigmas: Sigmas,
    latent: Latent,
    precision: Literal["W8A8", "W4A8", "unchanged"] = "W8A8",
    alpha: Annotated[float, Slider(0.0, 1.0, step=0.05)] = 0.3,
    rotate: bool = True,
    protect: Annotated[float, Slider(0.0, 1.0, step=0.05)] = 0.0,
    ranges: Annotated[int, Number(1, 8)] = 1,
    seed: Annotated[int, Seed()] = 0,
) -> Model:
    """Sample once, watch what layers are given, and quantise them so that both sides of each product fit.

    Args:
        model: The diffusion transformer; techniques on its wire are left out while it is watched.
        guider: Prompts like those that will be used; one run of a few pictures is enough.
        sampler: How to walk from one noise level to the next.
        sigmas: The noise levels to visit; all of them count, so use the usual schedule.
        latent: An empty latent of the usual size.
        precision: Bits of weights (W) and of the inputs of layers (A).
        alpha: How much of a channel's size is moved from the inputs to the weight.
        rotate: Rotate channels in groups, which spreads what is large now and then.
        protect: Share of the numbers that keep twice the bits, in the layers whose rounding harms most. Above
            0, each layer is measured with the calls of three steps, which takes a while.
        ranges: How many ranges of noise levels have balances, and so weights, of their own: 1 for one of all;
            each further one takes as much memory again. Save model writes models with 1.
        seed: Which noise to start from.
    """
    if precision == "unchanged":
        return model
    refuse_elsewhere(model.module)
    calibration = Calibration(ranges)
    recording = model.plain.with_patch(RecordsCalls(calibration))
    with watched(model.module, calibration):
        Sampling(recording, guider, sampler, sigmas).run(latent, seed, context)
    quantization = Quantization(model, calibration, Recipe(alpha, rotate), BITS[precision])
    made, error = quantization.quantized(protect, context.progress)
    said = storage_report(made.module, made.dtype)
    kinds = list(plan(made.module).values())
    layers = ", ".join(f"{kinds.count(kind)} {kind}" for kind in sorted(set(kinds)))
    context.report({"technique": "vidit_q", **said, "layers": layers, "error_of_recorded_calls": error})
    return made
