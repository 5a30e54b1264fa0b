"""`comfy.model_management`: where things are computed, and whether the user stopped the run."""

from __future__ import annotations

import gc
import os
from typing import Any

import torch

from app.graph.problem import Cancelled as InterruptProcessingException
from app.interop.packs.running import check_cancelled

OOM_EXCEPTION = torch.OutOfMemoryError


def throw_exception_if_processing_interrupted() -> None:
    check_cancelled()


def processing_interrupted() -> bool:
    try:
        check_cancelled()
    except InterruptProcessingException:
        return True
    return False


def get_torch_device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def on_cpu() -> torch.device:
    return torch.device("cpu")


unet_offload_device = text_encoder_offload_device = vae_offload_device = intermediate_device = on_cpu
text_encoder_device = vae_device = get_torch_device


def cpu_mode() -> bool:
    return get_torch_device().type == "cpu"


def get_total_memory(dev: Any = None) -> int:
    """Return the memory (bytes) of a device."""
    device = get_torch_device() if dev is None else torch.device(dev)
    if device.type == "cuda":
        return int(torch.cuda.get_device_properties(device).total_memory)
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def get_free_memory(dev: Any = None) -> int:
    """Return the memory (bytes) of a device that is free."""
    device = get_torch_device() if dev is None else torch.device(dev)
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES")


def soft_empty_cache(force: bool = False) -> None:
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def should_use_fp16(*_: Any, **__: Any) -> bool:
    return not cpu_mode()


def should_use_bf16(*_: Any, **__: Any) -> bool:
    return not cpu_mode() and torch.cuda.is_bf16_supported()
