"""Is a technique worth it? Sample again as a node has sampled: without techniques, and in fewer steps.

The node comes in two steps: what it stands behind tells it which node samples, and with what; an expansion of
itself then gets all that the other node got, and calls its function.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from app.engine.comparison import Work, compare
from app.engine.comparison_rows import Compared, accuracy_of, as_text, rows_of, worth_it
from app.engine.latents.vae import Vae
from app.graph.expansion import Expansion, RunningNode
from app.graph.loop import reach, sources
from app.graph.node import Blocked, Context, node
from app.graph.problem import Refusal
from app.graph.widgets import ModelFile, Number, TextBox
from app.graph.workflow import Edge, Link, NodeInstance

OF_SAMPLER = "sampler."  # before the names of inputs that are another node's
UNSEEN = Blocked("No autoencoder reaches the sampling, so there is no picture; connect one.")


@node(open=True, live=True)
def compare_sampling(
    context: Context,
    sampled: Any,
    vae: Vae | None = None,
    repeats: Annotated[int, Number(1, 20)] = 3,
    prompt: Annotated[str, TextBox()] = "",
    judge: Annotated[str, ModelFile("models")] = "judges/mini/model.safetensors",
    curve: Annotated[int, Number(0, 5)] = 0,
    **given: Any,
) -> Compared:
    """Measure what the techniques of a sampling save and cost, whichever node samples.

    Args:
        sampled: What the node that samples made. Of several pictures one after the other, the first counts.
        vae: The autoencoder; without one, that of the file the model comes from.
        repeats: How often the plain run and the one with techniques take turns; the quickest of each counts.
        prompt: For pictures of the embedded model: what a judge should look for; empty asks none.
        judge: The judge's weights.
        curve: How many more plain runs to make, each of fewer steps: the curve that a technique has to beat.
    """
    if context.element:
        return Compared(*[Blocked()] * 5)  # type: ignore[arg-type]
    sampler = sampler_of(context)
    if not given:
        return again(context, sampler)  # type: ignore[return-value]
    named = {name.removeprefix(OF_SAMPLER): value for name, value in given.items()}
    variants = compare(work_of(sampler, named), context, repeats, curve)
    pictures = [vae.decode(variant.latent) for variant in variants] if vae else []
    rows = rows_of(variants, pictures, accuracy_of(prompt, context.model_path("models", judge)))
    context.report({"technique": "compare_sampling", "rows": rows, "worth_it": worth_it(rows)})
    shown: list[Any] = [*pictures[:3]] or [UNSEEN] * 3
    plain, quick, fewer = shown
    return Compared(plain, quick, fewer, as_text(rows), worth_it(rows))


def sampler_of(context: Context) -> RunningNode:
    """Return the node that samples."""
    here = context.running[context.id]
    found = context.running[here.links["sampled"][0].node]
    types = {entry.type for entry in found.spec.inputs}
    if not {"Model", "Sigmas"} <= types or all(output.type != "Latent" for output in found.spec.outputs):
        raise Refusal(
            f"{found.spec.title} is no node that samples a latent from a model and noise levels.",
            "Connect the latent of such a node, for example Sample.",
            code="no_sampling",
            input="sampled",
        )
    return found


def work_of(sampler: RunningNode, given: Mapping[str, Any]) -> Work:
    spec = sampler.spec
    assert spec.function is not None and spec.context_parameter is not None, f"{spec.id} does not sample"
    return Work(spec.function, spec.context_parameter, {**sampler.values, **given})


def again(context: Context, sampler: RunningNode) -> Expansion:
    """Return an expansion of the node itself that gets all that the sampler got."""
    here, inside = context.running[context.id], f"{context.id}/again"
    own = [(name, link) for name, links in here.links.items() for link in links]
    given = [(OF_SAMPLER + name, link) for name, links in sampler.links.items() for link in links]
    if "vae" not in here.links and (found := autoencoder(context, sampler)):
        own.append(("vae", found))
    return Expansion(
        {inside: NodeInstance(here.instance.type, here.instance.values)},
        tuple(Edge(link.node, link.output, inside, name) for name, link in (*own, *given)),
        {output.name: Link(inside, output.name) for output in here.spec.outputs},
    )


def autoencoder(context: Context, sampler: RunningNode) -> Link | None:
    """Return the autoencoder that was loaded with what the sampler got; of several the latest."""
    behind = [context.running[id] for id in reach([sampler.id], lambda id: sources(context.running[id]))]
    for entry in sorted(behind, key=lambda entry: -entry.rank):
        for output in entry.spec.outputs:
            if output.type == "Vae":
                return Link(entry.id, output.name)
    return None
