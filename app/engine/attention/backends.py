"""Kernels that compute attention, and whether this machine has one for given operands."""

from __future__ import annotations

import warnings
from functools import lru_cache
from importlib.util import find_spec
from typing import Literal, get_args

import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from app.engine.sites import Heads, dense
from app.graph.problem import Refusal

Backend = Literal["auto", "flash", "efficient", "cudnn", "math", "sage"]

TORCH = {
    "flash": SDPBackend.FLASH_ATTENTION,
    "efficient": SDPBackend.EFFICIENT_ATTENTION,
    "cudnn": SDPBackend.CUDNN_ATTENTION,
    "math": SDPBackend.MATH,
}


def attend_with(name: Backend, heads: Heads) -> Tensor:
    """Compute attention with one kernel, or refuse: another one in its place would hide that it cannot."""
    masked, width = heads.mask is not None, heads.query.shape[-1]
    if not works(name, heads.query.device, heads.query.dtype, width, masked=masked):
        raise unable(name, heads)
    return attend_unchecked(name, heads)


def attend_unchecked(name: Backend, heads: Heads) -> Tensor:
    if name == "auto":
        return dense(heads)
    if name == "sage":
        return attend_sage(heads)
    with sdpa_kernel(TORCH[name]):
        return dense(heads)


def attend_sage(heads: Heads) -> Tensor:
    """Compute attention with 8-bit scores; there is no way to hand it a mask."""
    if heads.mask is not None:
        raise RuntimeError("SageAttention takes no mask")
    from sageattention import sageattn  # type: ignore[import-not-found]

    own = heads.with_own_keys()
    output: Tensor = sageattn(own.query, own.key, own.value, tensor_layout="HND", sm_scale=heads.factor)
    return output


@lru_cache
def works(name: Backend, device: torch.device, dtype: torch.dtype, width: int, *, masked: bool) -> bool:
    """Try a kernel on a few operands of head width `width`."""
    if name == "sage" and not installed(name):
        return False
    operand = torch.zeros(1, 1, 64, width, device=device, dtype=dtype)
    mask = torch.zeros(1, 1, 64, 64, device=device, dtype=dtype) if masked else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch says in warnings why it has no kernel
        try:
            attend_unchecked(name, Heads(operand, operand, operand, mask))
        except RuntimeError:
            return False
    return True


def installed(name: Backend) -> bool:
    """Whether the package is there that a kernel needs; torch has the others."""
    return name != "sage" or find_spec("sageattention") is not None


def unable(name: Backend, heads: Heads) -> Refusal:
    device, dtype, width = heads.query.device, heads.query.dtype, heads.query.shape[-1]
    masked = heads.mask is not None
    able = [other for other in get_args(Backend) if works(other, device, dtype, width, masked=masked)]
    what = "attention with a mask" if masked else "attention"
    return Refusal(
        f"The attention backend '{name}' cannot compute {what} on {device.type}, in {dtype}, {width} wide.",
        f"Use one that can: {', '.join(able)}.",
        code="backend_cannot",
        input="backend",
    )
