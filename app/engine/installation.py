"""Puts the patches of a run around the transformer and takes them off again, whatever happens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from threading import Lock
from typing import Any
from weakref import WeakSet

from torch import nn

from app.engine.compiled_blocks import CompiledBlocks
from app.engine.families.family import Family, Stack
from app.engine.hooks import BlockHook, PartHook, replaced_forward
from app.engine.model import Model, Patch
from app.engine.run import LAYERS, Run
from app.engine.sites import Attention, Block, Part
from app.engine.tap import AttentionTap, narrowed
from app.engine.weights.adapting import adapted
from app.graph.problem import Refusal

RUNNING: WeakSet[nn.Module] = WeakSet()
RUNNING_LOCK = Lock()


@contextmanager
def open_run(model: Model) -> Iterator[Run]:
    """Hook the patches into the transformer for the length of a `with` block."""
    run = Run(model)
    with ExitStack() as stack:
        stack.enter_context(exclusive(model.module))
        stack.enter_context(adapted(model.module, model.adapters))
        stack.enter_context(compiled(model))
        found = dict.fromkeys(LAYERS, 0)
        for layers, hooked in hooks(run):
            stack.enter_context(hooked)
            for layer in layers:
                found[layer] += 1
        refuse_idle_patches(run, found)
        yield run


@contextmanager
def exclusive(module: nn.Module) -> Iterator[None]:
    """Let one run at a time use a transformer, since hooks sit on the module itself."""
    with RUNNING_LOCK:
        if module in RUNNING:
            raise RuntimeError(
                "this model is already sampling; finish or cancel that run before you start another"
            )
        RUNNING.add(module)
    try:
        yield
    finally:
        RUNNING.discard(module)


def hooks(run: Run) -> Iterator[tuple[tuple[str, ...], AbstractContextManager[None]]]:
    """Yield what to put in place for the layers that a patch uses: (layers, the hook)."""
    hook = part_hook(run.model)
    on_blocks, on_parts, on_attention = (bool(run.users[layer]) for layer in LAYERS[1:])
    for site, stack, block in blocks(run.model):
        if on_blocks:
            yield ("wrap_block",), replaced_forward(block, partial(BlockHook, run, site, stack))
        for part, attention, module in parts(site, stack, block) if on_parts or on_attention else ():
            if attention is not None and on_attention:
                tap = AttentionTap(run, attention, idle_mask=stack.idle_mask)
                yield LAYERS[2:], replaced_forward(module, partial(hook, run, part, tap))
                yield (), narrowed(module, tap)
            elif on_parts:
                yield LAYERS[2:3], replaced_forward(module, partial(hook, run, part, None))


@contextmanager
def compiled(model: Model) -> Iterator[None]:
    """Compile the blocks below all hooks, where a patch asks for it."""
    wanted = next((patch for patch in model.patches if isinstance(patch, CompiledBlocks)), None)
    if wanted is None:
        yield
        return
    from app.engine.compiling import compiled_forward  # the compiler takes seconds to import

    with ExitStack() as stack:
        for _, _, block in blocks(model):
            stack.enter_context(compiled_forward(block, wanted.backend))
        yield


def part_hook(model: Model) -> type[PartHook]:
    """Return the hook for attention modules and MLPs."""
    if not any(isinstance(patch, CompiledBlocks) for patch in model.patches):
        return PartHook
    from app.engine.compiling import OpaquePartHook

    return OpaquePartHook


def blocks(model: Model) -> Iterator[tuple[Block, Stack, nn.Module]]:
    """Yield every block with its place."""
    stacks = [(stack, list(getattr(model.module, stack.path))) for stack in model.family.stacks]
    count = sum(len(members) for stack, members in stacks if stack.trunk)
    depth = 0
    for stack, members in stacks:
        for index, block in enumerate(members):
            depth_here = depth if stack.trunk else -1
            yield Block(stack.path, index, depth_here, count, stack.conditions), stack, block
            depth += stack.trunk


def parts(site: Block, stack: Stack, block: nn.Module) -> Iterator[tuple[Part, Attention | None, nn.Module]]:
    """Yield the attention modules and MLPs that this very block has; some blocks of a stack lack one."""
    for name, (queries, keys) in stack.attention.items():
        if (module := getattr(block, name, None)) is not None:
            yield Part(site, name, "attention"), Attention(site, name, queries, keys), module
    for name, role in stack.whole.items():
        yield Part(site, name, role), None, getattr(block, name)
    for name in stack.mlp:
        if (module := getattr(block, name, None)) is not None:
            yield Part(site, name, "mlp"), None, module


def refuse_idle_patches(run: Run, found: dict[str, int]) -> None:
    """Stop rather than run without a technique that the user asked for."""
    for layer in LAYERS[1:]:
        for position in run.users[layer]:
            patch = run.model.patches[position]
            if not found[layer] or lacks_modules(run.model.family, patch, layer):
                raise Refusal(
                    f"{type(patch).__name__} finds nothing to work on in a {run.model.family.name} model.",
                    "Remove it, or use a model of another family.",
                    code="nothing_to_patch",
                    input="model",
                )


def lacks_modules(family: Family, patch: Patch[Any], layer: str) -> bool:
    """Whether a family's modules are none for a technique, though it has some of that layer.

    Linear attention has no scores, and no keys and values to keep of tokens that are left out.
    """
    if patch.splits_mlps:
        return not any(stack.mlp for stack in family.stacks)
    needs_scores = "tokens" in patch.claims or (layer == "wrap_attention" and patch.image_attention)
    return needs_scores and any(stack.whole for stack in family.stacks)
