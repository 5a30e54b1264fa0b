"""Which sampling steps should compute a model's condition anew, so that the others may reuse it.

Reference: Wang et al., DDT: Decoupled Diffusion Transformer (2025), https://arxiv.org/abs/2504.05741
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import normalize


def similarities(states: Sequence[Tensor]) -> Tensor:
    """Return the mean cosine similarity (S, S) of the tokens of states (B, N, D) at S steps."""
    units = torch.stack([normalize(state.float(), dim=-1).flatten() for state in states])
    tokens = states[0].shape[0] * states[0].shape[1]
    return units @ units.T / tokens


def best_steps(similarity: Tensor, count: int) -> tuple[int, ...]:
    """Return the `count` steps, the first among them, whose states stand in for all others with least error.

    Each step uses the state of the last one computed; its error is 1 - similarity. Solved exactly, by dynamic
    programming over (steps covered, states computed).
    """
    total = len(similarity)
    loss = (1 - similarity).double()
    # cost[a][b]: steps a to b - 1 all use the state of step a
    cost = [[float(loss[a, a:b].sum()) for b in range(total + 1)] for a in range(total)]
    best = [[float("inf")] * (total + 1) for _ in range(count + 1)]
    owner = [[0] * (total + 1) for _ in range(count + 1)]
    best[0][0] = 0.0
    for used in range(1, count + 1):
        for end in range(1, total + 1):
            options = [(best[used - 1][start] + cost[start][end], start) for start in range(end)]
            best[used][end], owner[used][end] = min(options)
    steps, end = list[int](), total
    for used in range(count, 0, -1):
        end = owner[used][end]
        steps.append(end)
    return tuple(reversed(steps))
