"""Prompts to conditionings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from app.engine.conditioning import Conditioning
from app.engine.families import Family
from app.engine.families.prompts import Encoded, Prompting, TextTower
from app.engine.memory.offloading import weight_bytes
from app.engine.prompts.tokenizers import Tokenizer
from app.engine.weights.adapting import adapted
from app.engine.weights.low_rank import Adapter
from app.graph.problem import Refusal


@dataclass(frozen=True, eq=False)
class Tower:
    """One tokenizer with its encoder, used as a family wants it.

    Attributes:
        role: How the family uses it.
        tokenizer: Turns prompts into ids.
        module: A text encoder of transformers.
        adapters: LoRAs, computed beside the weights.
    """

    role: TextTower
    tokenizer: Tokenizer
    module: nn.Module
    adapters: tuple[Adapter, ...] = ()

    @property
    def length(self) -> int:
        return min(self.role.length, self.tokenizer.limit)

    def encode(self, prompts: Sequence[str]) -> Encoded:
        """Return what the encoder says of each prompt."""
        if self.role.silent and not any(map(self.role.wrap, prompts)):
            config: Any = self.module.config
            return Encoded(torch.zeros(len(prompts), 0, config.hidden_size), None)
        each = [self.ids(prompt) for prompt in prompts]
        if self.role.padding == "full":
            return self.run([filled(ids, self.length, self.tokenizer.padding) for ids in each])
        tokens = [self.shown(prompt, self.run_alone(ids)) for prompt, ids in zip(prompts, each, strict=True)]
        tokens = [self.padded(one) for one in tokens]
        refuse_different_lengths(tokens)
        return Encoded(torch.cat(tokens), None)

    def ids(self, prompt: str) -> list[int]:
        """Return the ids of a prompt with what the family puts around it."""
        return self.tokenizer.ids(
            self.before(prompt) + self.role.wrap(prompt), self.length + self.led(prompt)
        )

    def before(self, prompt: str) -> str:
        return self.role.instruction if prompt else ""

    def led(self, prompt: str) -> int:
        """Return how many tokens of an instruction the transformer does not see: all but both ends."""
        before = self.before(prompt)
        return len(self.tokenizer.ids(before, len(before) + 2)) - 2 if before else 0

    def shown(self, prompt: str, encoded: Encoded) -> Tensor:
        """Return the tokens (1, L, D) that the transformer sees."""
        tokens = encoded.tokens[:, self.role.drop :]
        led = self.led(prompt)
        return torch.cat([tokens[:, :1], tokens[:, 1 + led :]], dim=1) if led else tokens

    def padded(self, tokens: Tensor) -> Tensor:
        """Return (1, L, D) with zeros up to the full length, where the family wants them."""
        room = self.length - tokens.shape[1]
        match self.role.padding:
            case "zeroed":
                return nn.functional.pad(tokens, (0, 0, 0, room))
            case "zeros first":
                return nn.functional.pad(tokens, (0, 0, room, 0))
        return tokens

    def run_alone(self, ids: Sequence[int]) -> Encoded:
        """Ask about one prompt without filling, or with as much as the family looks at."""
        filling = min(self.role.shown_filling, self.length - len(ids))
        own = [1] * len(ids) + [0] * filling
        return self.run([[*ids, *[self.tokenizer.padding] * filling]], own if filling else None)

    def run(self, ids: Sequence[Sequence[int]], own: Sequence[int] | None = None) -> Encoded:
        """Ask the encoder itself; `own` says which tokens count, where not all do."""
        device = next(self.module.parameters()).device
        mask = None if own is None else torch.tensor([own], device=device)
        given = {"input_ids": torch.tensor(ids, device=device), "attention_mask": mask}
        with adapted(self.module, self.adapters):
            output: Any = self.module(**given, output_hidden_states=True)
        layers = self.role.layers or (-1 - self.role.layers_back,)
        tokens = torch.cat([output.hidden_states[layer] for layer in layers], dim=-1)
        pooled = output.get("text_embeds", output.get("pooler_output"))
        return Encoded(tokens.float().cpu(), None if pooled is None else pooled.float().cpu())

    @property
    def nbytes(self) -> int:
        return weight_bytes(self.module)


@dataclass(frozen=True, eq=False)
class TextEncoder:
    """A handle on what turns prompts into the conditioning of one family.

    Attributes:
        family: Whose transformer reads the result.
        prompting: How the family puts together what the towers say.
        towers: The encoders, by the name of their architecture.
    """

    family: Family
    prompting: Prompting
    towers: Mapping[str, Tower]

    @torch.no_grad()
    def encode(self, prompts: Sequence[str]) -> Conditioning:
        """Return the conditioning of one or several prompts; the empty prompt is a prompt too."""
        encoded = {name: tower.encode(prompts) for name, tower in self.towers.items()}
        tokens, pooled = self.prompting.combine(encoded)
        spelt = encoded[speller].tokens if (speller := self.prompting.speller) in encoded else None
        spelling = spelt if spelt is not None and spelt.shape[1] else None
        return Conditioning(tokens, pooled, self.family.name, spelling=spelling)

    def with_adapter(self, architecture: str, adapter: Adapter) -> TextEncoder:
        """Return a handle with one more LoRA on one of its encoders."""
        tower = self.towers[architecture]
        changed = replace(tower, adapters=(*tower.adapters, adapter))
        return replace(self, towers={**self.towers, architecture: changed})

    @property
    def modules(self) -> dict[str, nn.Module]:
        """Its encoders, by the name of their architecture."""
        return {name: tower.module for name, tower in self.towers.items()}

    @property
    def nbytes(self) -> int:
        """Memory (bytes) this handle adds: its weights, or its last LoRAs where it was made from another."""
        adapters = [tower.adapters[-1] for tower in self.towers.values() if tower.adapters]
        return sum(part.nbytes for part in adapters or self.towers.values())


def filled(ids: Sequence[int], length: int, padding: int) -> list[int]:
    return [*ids, *[padding] * (length - len(ids))]


def refuse_different_lengths(tokens: Sequence[Tensor]) -> None:
    lengths = sorted({one.shape[1] for one in tokens})
    if len(lengths) > 1:
        raise Refusal(
            f"The prompts have {lengths[0]} to {lengths[-1]} tokens, and this family cannot mix lengths.",
            "Encode them one by one.",
            code="batch_mismatch",
        )
