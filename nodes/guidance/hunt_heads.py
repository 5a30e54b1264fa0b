"""HeadHunter: find the attention heads whose perturbation serves a goal, for perturbed attention guidance.

Reference: Ahn et al., Fine-Grained Perturbation Guidance via Attention Head Selection (2025), https://arxiv.org/abs/2506.10978
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, NamedTuple

from app.engine.conditioning import Conditioning
from app.engine.guidance.head_search import CountHeads, Found, Head, choice_of, greedy, written
from app.engine.guidance.perturbation import PerturbedAttentionGuidance, SelfOnly
from app.engine.imaging import metrics
from app.engine.latents.vae import Vae
from app.engine.media import Image, Latent
from app.engine.model import Model
from app.engine.sampling import Sampler, Sampling, Sigmas
from app.engine.walking.quiet import Quiet
from app.graph.node import Context, node
from app.graph.widgets import Number, Seed, Slider


class Hunted(NamedTuple):
    """Heads as Perturbed attention guidance takes them, and how near its pictures come to the goal (dB)."""

    blocks: str
    psnr: float


@dataclass
class Hunt:
    """Samples with some heads perturbed and compares the pictures with the goal."""

    context: Context
    sampling: Sampling
    guider: PerturbedAttentionGuidance
    softness: float
    vae: Vae
    latent: Latent
    seed: int
    goal: Image
    trials: int = 1
    done: int = 0

    def candidates(self) -> list[Head]:
        """Return all heads that can be perturbed, found in a run of one step."""
        found = CountHeads({})
        probe = replace(self.sampling.model, patches=(found, *self.sampling.model.patches))
        sigmas = Sigmas(self.sampling.sigmas.values[:2])
        replace(self.sampling, model=probe, sigmas=sigmas).run(
            self.latent, self.seed, Quiet(self.context.check_cancelled)
        )
        return [Head(depth, head) for depth, count in sorted(found.counts.items()) for head in range(count)]

    def score(self, heads: Sequence[Head]) -> float:
        self.context.progress(self.done, self.trials)
        self.done += 1
        softness = self.softness if heads else 0.0
        guider = replace(self.guider, patch=SelfOnly(choice_of(heads), softness))
        made = replace(self.sampling, guider=guider).run(
            self.latent, self.seed, Quiet(self.context.check_cancelled)
        )
        return metrics.psnr(self.vae.decode(made), self.goal)


@node()
def hunt_heads(
    context: Context,
    model: Model,
    vae: Vae,
    positive: Conditioning,
    negative: Conditioning,
    sampler: Sampler,
    sigmas: Sigmas,
    latent: Latent,
    goal: Image,
    rounds: Annotated[int, Number(1, 64)] = 2,
    each: Annotated[int, Number(1, 16)] = 1,
    guidance_scale: Annotated[float, Slider(1.0, 20.0, step=0.1)] = 3.0,
    perturbation_scale: Annotated[float, Slider(0.1, 10.0, step=0.1)] = 2.0,
    softness: Annotated[float, Slider(0.01, 1.0, step=0.01)] = 1.0,
    seed: Annotated[int, Seed()] = 0,
) -> Hunted:
    """Try every attention head, round by round, and keep those whose perturbation leads nearest to a goal.

    Args:
        model: The diffusion transformer; its techniques take part.
        vae: The model's autoencoder.
        positive: What the pictures should show.
        negative: What they should not show.
        sampler: How to walk from one noise level to the next.
        sigmas: The noise levels; few steps keep the search short.
        latent: An empty latent, for the size.
        goal: Pictures that show what is wanted, as many as the latent has.
        rounds: How often the best heads are added; each round samples once for every head that is left.
        each: How many heads a round adds.
        guidance_scale: How strictly to follow the prompt.
        perturbation_scale: How far to go away from the perturbed answer.
        softness: How far attention is turned into looking at oneself, 1 wholly.
        seed: Which noise to start from.
    """
    idle = SelfOnly(choice_of(()), 0.0)
    guider = PerturbedAttentionGuidance(positive, negative, guidance_scale, perturbation_scale, idle)
    hunt = Hunt(context, Sampling(model, guider, sampler, sigmas), guider, softness, vae, latent, seed, goal)
    candidates = hunt.candidates()
    hunt.trials = 1 + rounds * (len(candidates) + 1)
    found = greedy(hunt.score, candidates, rounds, each)
    report(context, found)
    return Hunted(written(found.heads), found.scores[-1])


def report(context: Context, found: Found) -> None:
    """Tell the chosen heads in the order in which they were found, and how near each round came."""
    heads = [written([head]) for head in found.heads]
    context.report({"technique": "hunt_heads", "heads": heads, "psnr_by_round": list(found.scores)})
