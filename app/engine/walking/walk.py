"""A sampling run under way: it answers the sampler, is asked by the guider, and counts for both."""

from __future__ import annotations

from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING

from torch import Tensor

from app.engine.conditioning import Conditioning
from app.engine.latents.beside import suited
from app.engine.latents.inpainting import Inpainting
from app.engine.latents.latent_colours import known_colours
from app.engine.latents.preview import jpeg
from app.engine.prediction import ModelInput
from app.engine.prompts.mixing import mixed, window
from app.engine.run import LAYERS, Run
from app.engine.step import Place
from app.engine.walking.savepoint import Journal
from app.engine.walking.watch import refuse_ruins
from app.graph.problem import Refusal

if TYPE_CHECKING:
    from app.engine.sampling import Guider, Watcher

PREVIEW_PAUSE = 0.1  # seconds between previews: more often than anybody can see costs time
PREVIEW_SHARE = 0.01  # of a run's time that previews may take, but for the last one


class Walk:
    """Where a sampling run is: counts steps and evaluations, so that samplers and techniques need not.

    It is the `Branch` that the guider asks.

    Attributes:
        place: The step and evaluation under way.
        memory: What the guider remembers.
    """

    def __init__(
        self, guider: Guider, total: int, watcher: Watcher, journal: Journal, inpainting: Inpainting | None
    ) -> None:
        self.guider, self.watcher, self.journal, self.inpainting = guider, watcher, journal, inpainting
        self.run = journal.run
        self.place = Place(0, total)
        self.memory = journal.guider
        self.denoised: Tensor | None = None
        self.next_preview = monotonic() + PREVIEW_PAUSE

    def denoise(self, latent: Tensor, sigma: float) -> Tensor:
        """Answer the sampler: the guided denoised sample. Stops here when the user cancelled."""
        denoised = self.journal.recall(sigma)
        if denoised is None:
            self.watcher.progress(self.place.index, self.place.total)
            denoised = self.guided(latent, sigma)
            refuse_ruins(denoised, sigma, self.place)
            self.journal.note(sigma, denoised)
        self.place = Place(self.place.index, self.place.total, self.place.evaluation + 1)
        return denoised

    def guided(self, latent: Tensor, sigma: float) -> Tensor:
        """Ask the guider, within the mask if there is one."""
        if self.inpainting is None:
            return self.guider(self, latent, sigma)
        latent = self.inpainting.before(latent, sigma)
        return self.inpainting.after(self.guider(self, latent, sigma), sigma)

    def __call__(self, latent: Tensor, sigma: float, conditioning: Conditioning, name: str) -> Tensor:
        """Answer the guider: what the patched transformer says in one branch.

        Of several prompts each but the first has a branch of its own: `cond`, `cond1`, `cond2`.
        """
        model = self.run.model
        refuse_foreign_text(conditioning, self.run)
        shares = None if self.inpainting is None else self.inpainting.shares(latent, sigma)
        if conditioning.everywhere:
            return self.ask(ModelInput(latent, sigma, conditioning, shares=shares), name)
        active = list(conditioning.at(model.share_at(sigma)))

        def ask(index: int, view: Tensor) -> Tensor:
            number, part = active[index]
            place = window(part, latent, patch)
            if part.beside is not None:
                part = replace(part, beside=place.of(part.beside))
            here = None if shares is None else place.of(shares)
            return self.ask(ModelInput(view, sigma, part, shares=here), f"{name}{number or ''}")

        _, *sides = model.family.latent.patch
        patch = (sides[0], sides[1])
        return mixed([part for _, part in active], latent, patch, ask)

    def ask(self, given: ModelInput, name: str) -> Tensor:
        """Ask the transformer under one prompt."""
        conditioning = given.conditioning.for_batch(len(given.latent))
        given = replace(given, conditioning=suited(self.run.model, conditioning, given.latent))
        if conditioning.references:
            refuse_blind(self.run)
        place = self.place
        return self.run(given, index=place.index, total=place.total, evaluation=place.evaluation, branch=name)

    def on_step(self, index: int, denoised: Tensor) -> None:
        self.denoised = denoised
        self.place = Place(index + 1, self.place.total)
        self.journal.step_done(index + 1, self.place.total)
        if monotonic() >= self.next_preview or self.place.index == self.place.total:
            self.preview(denoised)

    def preview(self, denoised: Tensor) -> None:
        """Show the work so far; the next time is the later the longer it took."""
        started, model = monotonic(), self.run.model
        preview = model.preview or known_colours(model.family.latent, denoised.shape[1])
        self.watcher.preview(jpeg(denoised, preview, model.family.latent.downscale))
        done = monotonic()
        self.next_preview = done + max(PREVIEW_PAUSE, (done - started) / PREVIEW_SHARE)


def refuse_foreign_text(conditioning: Conditioning, run: Run) -> None:
    family = run.model.family.name
    if conditioning.family not in (family, run.model.family.same_prompts):
        raise Refusal(
            f"The prompt was encoded for {conditioning.family}, the model is {family}.",
            "Encode it with the text encoder that comes with the model.",
            code="family_mismatch",
            input="guider",
        )


def refuse_blind(run: Run) -> None:
    """Refuse reference pictures where the model or a technique does not know of their tokens."""
    patches = [type(run.model.patches[at]).__name__ for layer in LAYERS[1:] for at in run.users[layer]]
    if not run.model.family.sees_references or patches:
        raise Refusal(
            f"{', '.join(sorted(set(patches))) or run.model.family.name} cannot work with references.",
            "Remove the techniques from the model, or use Flux Kontext or Qwen-Image-Edit.",
            code="no_references",
            input="guider",
        )
