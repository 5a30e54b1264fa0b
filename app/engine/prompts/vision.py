"""Prompts with pictures, for text encoders that are language models with eyes.

Reference: Bai et al., Qwen2.5-VL Technical Report (2025), https://arxiv.org/abs/2502.13923
Reference: Wu et al., Qwen-Image Technical Report (2025), https://arxiv.org/abs/2508.02324
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from app.engine.conditioning import Conditioning
from app.engine.families.prompts import Encoded, Seeing
from app.engine.imaging.resizing import scaled
from app.engine.media import Image
from app.engine.prompts.text_encoder import TextEncoder, Tower
from app.engine.weights.adapting import adapted
from app.graph.problem import Refusal

MEAN, SPREAD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)  # CLIP's colours
SMALLEST, LARGEST = 56 * 56, 14 * 14 * 4 * 16384  # pixels of a picture that the encoder sees


@torch.no_grad()
def encode_seeing(
    encoder: TextEncoder, prompt: str, pictures: Sequence[Image], *, numbered: bool
) -> Conditioning:
    """Return the conditioning of a prompt about pictures.

    Args:
        encoder: The text encoder of a family that edits pictures.
        prompt: What should become of the pictures.
        pictures: The pictures, in the order in which the prompt speaks of them; of a batch the first counts.
        numbered: Whether the encoder is told `Picture 1:` and so on before each.

    Raises:
        Refusal: The text encoder has no eyes, or its vocabulary no word for a picture.
    """
    for name, tower in encoder.towers.items():
        if (seeing := tower.role.seeing) is not None:
            encoded = {name: encode(tower, seeing, prompt, pictures, numbered=numbered)}
            tokens, pooled = encoder.prompting.combine(encoded)
            return Conditioning(tokens, pooled, encoder.family.name)
    raise Refusal(
        f"The text encoder of {encoder.family.name} cannot look at pictures.",
        "Use the text encoder of Qwen-Image-Edit, or Encode text with Reference latent.",
        code="no_eyes",
        input="text_encoder",
    )


def encode(
    tower: Tower, seeing: Seeing, prompt: str, pictures: Sequence[Image], *, numbered: bool
) -> Encoded:
    """Return what one encoder says of a prompt about pictures."""
    module: Any = with_eyes(tower.module)
    marks = (f"Picture {at}: " * numbered + seeing.mark for at in range(1, len(pictures) + 1))
    ids = tower.tokenizer.ids(seeing.wrap("".join(marks) + prompt), tower.length)
    device = next(module.parameters()).device
    with adapted(tower.module, tower.adapters):
        shown = [look(module.visual, picture.pixels[0].to(device)) for picture in pictures]
        words, kinds = filled(ids, word_for_picture(tower, seeing), [len(seen) for seen, _ in shown])
        given = torch.tensor([words], device=device)
        embedded = module.get_input_embeddings()(given)
        for seen, where in zip((seen for seen, _ in shown), runs(kinds), strict=True):
            embedded[0, where] = seen.to(embedded)
        positions = module.get_rope_index(
            given,
            torch.tensor([kinds], device=device).clamp(max=1),
            image_grid_thw=torch.tensor([grid for _, grid in shown], device=device),
        )[0]
        output = module.language_model(
            inputs_embeds=embedded, position_ids=positions, output_hidden_states=True, use_cache=False
        )
    tokens = output.hidden_states[-1 - tower.role.layers_back][:, seeing.drop :]
    return Encoded(tokens.float().cpu(), None)


def with_eyes(module: nn.Module) -> nn.Module:
    """Return the part of a text encoder that has a tower for pictures; refuses one that has none."""
    inner = module if hasattr(module, "visual") else getattr(module, "model", module)
    if hasattr(inner, "visual"):
        return inner
    raise Refusal(
        "This file of the text encoder holds its language half alone, which cannot look at pictures.",
        "Load a file with the vision tower too (its tensors begin with `visual.`), or use Encode text.",
        code="no_eyes",
        input="text_encoder",
    )


def look(visual: Any, pixels: Tensor) -> tuple[Tensor, tuple[int, int, int]]:
    """Return what a vision tower makes of a picture (H, W, 3): its tokens (N, D) and (1, rows, columns)."""
    side, merge = visual.patch_size, visual.spatial_merge_size
    width, height = fitting(pixels.shape[1], pixels.shape[0], side * merge)
    fitted = scaled(pixels.movedim(-1, 0)[None], width, height, "bicubic")[0]
    mean, spread = (torch.tensor(value, device=pixels.device)[:, None, None] for value in (MEAN, SPREAD))
    rows, columns = height // side, width // side
    patches = cut(((fitted - mean) / spread), side, merge, visual.config.temporal_patch_size)
    grid = 1, rows, columns
    given = patches.to(visual.dtype)
    seen: Tensor = visual(given, grid_thw=torch.tensor([grid], device=pixels.device)).pooler_output
    return seen, grid


def fitting(width: int, height: int, multiple: int) -> tuple[int, int]:
    """Return the nearest size in whole patches that is neither too small nor too large to be seen."""
    across, down = (max(1, round(side / multiple)) for side in (width, height))
    area = across * down * multiple**2
    if SMALLEST <= area <= LARGEST:
        return across * multiple, down * multiple
    wanted = SMALLEST if area < SMALLEST else LARGEST
    scale, whole = math.sqrt(wanted / (width * height)), math.ceil if area < SMALLEST else math.floor
    across, down = (max(1, whole(side * scale / multiple)) for side in (width, height))
    return across * multiple, down * multiple


def cut(picture: Tensor, side: int, merge: int, frames: int) -> Tensor:
    """(C, H, W) -> patches (N, C * frames * side * side), those that become one token after each other."""
    channels, height, width = picture.shape
    grid = picture.reshape(
        channels, height // (side * merge), merge, side, width // (side * merge), merge, side
    )
    patches = grid.permute(1, 4, 2, 5, 0, 3, 6).unsqueeze(5)  # a picture is a clip of alike frames
    return patches.expand(-1, -1, -1, -1, -1, frames, -1, -1).reshape(-1, channels * frames * side * side)


def word_for_picture(tower: Tower, seeing: Seeing) -> int:
    """Return the id that stands where the tokens of a picture go."""
    ids = tower.tokenizer.ids(seeing.filler, tower.length)
    if len(ids) != 1:
        raise Refusal(
            f"The vocabulary of the text encoder does not know {seeing.filler}.",
            "Fetch tokenizer.json from where the text encoder is published.",
            code="no_vocabulary",
            input="text_encoder",
        )
    return ids[0]


def filled(ids: Sequence[int], word: int, lengths: Sequence[int]) -> tuple[list[int], list[int]]:
    """Repeat the word for each picture; return the ids, and for each 0 or the number of its picture."""
    words, kinds, number = list[int](), list[int](), 0
    for id in ids:
        shown = id == word and number < len(lengths)
        number += shown
        count = lengths[number - 1] if shown else 1
        words += [id] * count
        kinds += [number if shown else 0] * count
    return words, kinds


def runs(kinds: Sequence[int]) -> list[list[int]]:
    """Return where the tokens of each picture go."""
    return [[at for at, kind in enumerate(kinds) if kind == number] for number in range(1, max(kinds) + 1)]
