"""Every technique that patches the transformer, once at work and once at its neutral setting."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.engine.model import Patch
from app.engine.reuse.router import RouterTable
from nodes.attention.adaptive_sparse_attention import AdaptiveSparseAttention
from nodes.attention.attention_backend import AttentionBackend
from nodes.attention.clear_window import ClearWindow
from nodes.attention.group_attention import GroupAttention
from nodes.attention.kv_pooling import KvPooling
from nodes.attention.piecewise_sparse_attention import PiecewiseSparseAttention
from nodes.attention.proportional_attention import ProportionalAttention
from nodes.attention.reshaped_sparse_attention import ReshapedSparseAttention
from nodes.attention.sparse_videogen2 import SparseVideogen2
from nodes.caching.attention_broadcast import AttentionBroadcast
from nodes.caching.delta_cache import DeltaCache
from nodes.caching.first_block_cache import FirstBlockCache
from nodes.caching.harmonica import HarmoniCa
from nodes.caching.mag_cache import MagCache
from nodes.caching.memory_slicing import MemorySlicing
from nodes.caching.step_skip import StepSkip
from nodes.caching.taylor_seer import TaylorSeer
from nodes.caching.taylor_seer_modules import TaylorSeerModules
from nodes.tokens.just_in_time_tokens import JustInTimeTokens
from nodes.tokens.region_adaptive_sampling import RegionAdaptiveSampling
from nodes.tokens.token_merging import TokenMerging


@dataclass(frozen=True)
class Technique:
    """Settings with which it does something in short runs of tiny models, and with which it must not.

    Attributes:
        exact: Whether its result is meant to be that of the plain model.
        given: What its node needs besides a model.
    """

    active: Patch[Any]
    neutral: Patch[Any]
    exact: bool = False
    given: Mapping[str, Any] = field(default_factory=dict)


TECHNIQUES = {
    "first_block_cache": Technique(FirstBlockCache(0.9), FirstBlockCache(0)),
    "taylor_seer": Technique(TaylorSeer(2, 1, 1), TaylorSeer(1, 1, 3)),
    "taylor_seer_modules": Technique(TaylorSeerModules(2, 1, 1, "all"), TaylorSeerModules(1, 1, 3, "all")),
    "harmonica": Technique(
        HarmoniCa(RouterTable.from_text("c r c r"), 0.1),
        HarmoniCa(RouterTable.from_text("c c c"), 0.1),
        given={"router": RouterTable.from_text("c r")},
    ),
    "mag_cache": Technique(MagCache(1.0, 3, 0.2), MagCache(0, 3, 0.2)),
    "memory_slicing": Technique(MemorySlicing(3), MemorySlicing(1), exact=True),
    "delta_cache": Technique(DeltaCache(2, 0.5, 0.5), DeltaCache(1, 0.5, 0.5)),
    "step_skip": Technique(StepSkip(2.0), StepSkip(0)),
    "attention_broadcast": Technique(AttentionBroadcast(2, 3, 0, 1), AttentionBroadcast(1, 1, 0, 1)),
    "clear_window": Technique(ClearWindow(2), ClearWindow(99)),
    "group_attention": Technique(GroupAttention(3, 2), GroupAttention(99, 99)),
    "region_adaptive_sampling": Technique(
        RegionAdaptiveSampling(0.5, 1, 3, 0.1), RegionAdaptiveSampling(1.0, 1, 3, 0.1)
    ),
    "kv_pooling": Technique(KvPooling(2, 1), KvPooling(1, 0)),
    "piecewise_sparse_attention": Technique(
        PiecewiseSparseAttention(0.3, 2, 1, 1), PiecewiseSparseAttention(1.0, 2, 1, 0)
    ),
    "attention_backend": Technique(AttentionBackend("math"), AttentionBackend("auto")),
    "proportional_attention": Technique(ProportionalAttention(16, 1.0), ProportionalAttention(16, 0.0)),
    "sparse_videogen2": Technique(
        SparseVideogen2(6, 12, 0.6, 0.1, 0.3, 1), SparseVideogen2(6, 12, 0.6, 0.1, 1.0, 0)
    ),
    "adaptive_sparse_attention": Technique(
        AdaptiveSparseAttention(0.6, 2, 1, 2, True), AdaptiveSparseAttention(0.0, 2, 1, 2, True)
    ),
    "reshaped_sparse_attention": Technique(
        ReshapedSparseAttention(0.7, 1, 2, 0.04), ReshapedSparseAttention(0.0, 1, 2, 0.04)
    ),
    "just_in_time_tokens": Technique(
        JustInTimeTokens((0.35, 0.62), (0.4, 0.65), 3, "variance"),
        JustInTimeTokens((1.0, 1.0), (0.4, 0.65), 3, "variance"),
    ),
    "token_merging": Technique(TokenMerging(0.5, 1), TokenMerging(0, 1)),
}

# What decides or chooses once for all pictures of a batch
COUPLES_A_BATCH = {
    "first_block_cache",
    "just_in_time_tokens",
    "mag_cache",
    "region_adaptive_sampling",
    "step_skip",
    "token_merging",
}
# What works on attention scores between image tokens, on some tokens only, or on each token of an MLP apart
WITHOUT_SCORES = {
    "adaptive_sparse_attention",
    "clear_window",
    "group_attention",
    "just_in_time_tokens",
    "kv_pooling",
    "memory_slicing",
    "piecewise_sparse_attention",
    "proportional_attention",
    "region_adaptive_sampling",
    "reshaped_sparse_attention",
    "sparse_videogen2",
    "token_merging",
}
REFUSED: dict[str, set[str]] = {"sana": WITHOUT_SCORES}
