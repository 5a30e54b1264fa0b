"""Learn router: find out which modules of a model may be reused at which step.

The routed model is sampled, each step is compared with the whole model on the same latent, and a step counts
by how much the picture changes if that step alone reuses everything. That weight is measured once, where the
authors measure it again as the table changes.

Reference: Huang et al., HarmoniCa (2024), https://arxiv.org/abs/2410.01723
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from app.engine.conditioning import Conditioning
from app.engine.media import Latent
from app.engine.model import Model
from app.engine.reuse.router import RouterTable, RouterTraining
from app.graph.node import Context, node
from app.graph.widgets import Number, Seed, Slider


class Learned(NamedTuple):
    """The table, and what it is as text at the threshold of HarmoniCa's default."""

    router: RouterTable
    rows: str


THRESHOLD = 0.1


@node()
def learn_router(
    context: Context,
    model: Model,
    conditioning: Conditioning,
    latent: Latent,
    steps: Annotated[int, Number(2, 200)] = 20,
    iterations: Annotated[int, Number(1, 100_000)] = 100,
    sparsity: Annotated[float, Slider(0.0, 1.0, step=0.001)] = 0.05,
    learning_rate: Annotated[float, Slider(0.001, 1.0, step=0.001)] = 0.1,
    seed: Annotated[int, Seed()] = 0,
) -> Learned:
    """Learn a table for HarmoniCa by sampling many times; its report shows the rows to keep.

    Args:
        model: The diffusion transformer; techniques on its wire are left out.
        conditioning: One encoded prompt, or as many as the latent has pictures.
        latent: An empty latent, for the size and the number of pictures.
        steps: Even steps that the table is for.
        iterations: Samplings to learn from.
        sparsity: How much modules that run weigh against error; higher reuses more.
        learning_rate: How fast scores change.
        seed: Which noises to learn from.
    """
    training = RouterTraining(model, conditioning, steps, sparsity, learning_rate, seed)
    router = training.learn(latent.samples.shape, iterations, lambda done: context.progress(done, iterations))
    rows = router.rows(THRESHOLD)
    context.report({"technique": "learn_router", "steps": steps, "modules": len(rows[0]), "grid": rows})
    return Learned(router, "\n".join(rows))
