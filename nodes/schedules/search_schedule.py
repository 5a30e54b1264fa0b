"""Search the noise levels at which few steps of a model come nearest to many.

The authors score schedules by FID over thousands of pictures; here it is the distance from what many steps
make of the same noise, which says more with fewer pictures.

Reference: Li et al., AutoDiffusion: Training-Free Optimization of Time Steps and Architectures (2023), https://arxiv.org/abs/2309.10438
"""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, NamedTuple

from torch import Tensor

from app.engine.media import Latent
from app.engine.model import Model
from app.engine.sampling import Guider, Sampler, Sampling, Sigmas
from app.engine.schedules.schedule_search import Known, Levels, ScheduleSearch
from app.engine.walking.noise import starting_noise
from app.engine.walking.quiet import Quiet
from app.graph.node import Context, node
from app.graph.problem import Refusal
from app.graph.widgets import Number, Seed, Slider


class Searched(NamedTuple):
    """The best schedule, the same as text for Manual sigmas, and its error."""

    sigmas: Sigmas
    levels: str
    error: float


@node()
def search_schedule(
    context: Context,
    model: Model,
    guider: Guider,
    sampler: Sampler,
    sigmas: Sigmas,
    latent: Latent,
    fine: Annotated[int, Number(1, 100)] = 8,
    population: Annotated[int, Number(2, 200)] = 20,
    generations: Annotated[int, Number(0, 200)] = 8,
    mutation: Annotated[float, Slider(0.0, 1.0, step=0.05)] = 0.5,
    seed: Annotated[int, Seed()] = 0,
) -> Searched:
    """Try many schedules with as few steps, and keep the one that comes nearest to many steps.

    It goes on where it was when it was cut off. Prompts and latents should be several, as one batch.

    Args:
        model: The diffusion transformer; its techniques take part.
        guider: What the pictures should show.
        sampler: How to walk from one noise level to the next.
        sigmas: The schedule to begin with; first and last level stay.
        latent: An empty latent, for the size and the number of pictures.
        fine: Into how many parts each step is cut for the run that others are held against.
        population: How many schedules there are at a time.
        generations: How often new ones are made; 0 gives back the schedule to begin with.
        mutation: How likely each level of a new schedule is to be moved.
        seed: Which noises to start from, and which schedules to try.
    """
    if sigmas.rising or sigmas.steps < 1:
        raise Refusal(
            "The search needs a schedule that falls.",
            "Connect a schedule node with at least one step.",
            code="bad_sigmas",
            input="sigmas",
        )
    noise = starting_noise(latent.samples, seed)

    def made(levels: Levels) -> Tensor:
        sampling, watcher = Sampling(model, guider, sampler, Sigmas(levels)), Quiet(context.check_cancelled)
        return sampling.start(latent, noise, watcher)[0].samples

    goal = made(cut(sigmas.values, fine))
    known = Known(lambda levels: relative(made(levels), goal), context.savepoint())
    search, errors = ScheduleSearch(population, generations, mutation, seed), list[float]()
    best = sigmas.values
    for levels, score in search.search(sigmas.values, known):
        context.progress(len(errors), generations + 1)
        best, errors = levels, [*errors, score]
    known.forget()
    text = ", ".join(f"{level:g}" for level in best)
    context.report({"technique": "search_schedule", "levels": text, "error_by_generation": errors})
    return Searched(Sigmas(best), text, errors[-1])


def cut(levels: Levels, parts: int) -> Levels:
    """Return levels with each step cut into even parts."""
    fine = (high + (low - high) * part / parts for high, low in pairwise(levels) for part in range(parts))
    return (*fine, levels[-1])


def relative(made: Tensor, goal: Tensor) -> float:
    """Return the root mean square error over the spread of the goal."""
    return ((made - goal).pow(2).mean() / goal.var()).sqrt().item()
