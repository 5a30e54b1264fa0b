"""The memory that this process holds, on the device where models run."""

from __future__ import annotations

import ctypes
import gc
import os
import re
import sys
from pathlib import Path

import torch

STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
CLEAR_PEAK = "5"  # see proc(5)
LARGE = 2 * 2**20  # bytes; what is larger goes back to the system when freed (below that, it costs time)
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # see mallopt(3)


def return_large_blocks() -> None:
    """Let the system have freed tensors back at once.

    Left alone, glibc raises the size from which it does so to 32 MiB as soon as such a block is freed: what
    a process holds then grows far over what it uses, and keeps growing as models come and go.
    """
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        if hasattr(libc, "mallopt"):
            libc.mallopt(M_MMAP_THRESHOLD, LARGE)
            libc.mallopt(M_TRIM_THRESHOLD, LARGE)


def give_back() -> None:
    """Free what nobody uses any more, down to the system and the driver."""
    gc.collect()  # models hold each other in circles
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    elif sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "malloc_trim"):
        libc.malloc_trim(0)


def held() -> int:
    """Return what is held now (bytes): by torch on the GPU, or by the whole process."""
    return torch.cuda.memory_allocated() if torch.cuda.is_available() else resident("VmRSS")


def restart_peak() -> bool:
    """Count the peak anew from here; False where the system does not let us."""
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
        return True
    try:
        CLEAR.write_text(CLEAR_PEAK)
    except OSError:
        return False
    return True


def peak() -> int:
    """Return the most that was held since `restart_peak` (bytes)."""
    return torch.cuda.max_memory_allocated() if torch.cuda.is_available() else resident("VmHWM")


def resident(line: str) -> int:
    """Return a size (bytes) from the process's status; 0 where the system keeps none."""
    found = re.search(rf"^{line}:\s+(\d+) kB", STATUS.read_text(), re.M) if STATUS.exists() else None
    return int(found[1]) * 1024 if found else 0


def room() -> int:
    """Return the memory (bytes) that models and computing may take when the user sets no budget."""
    if torch.cuda.is_available():
        free, _ = torch.cuda.mem_get_info()
        return int(0.95 * (free + torch.cuda.memory_reserved()))
    return int(0.9 * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))


def device_name() -> str:
    """Name the device that models run on."""
    return torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
