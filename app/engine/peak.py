"""The most memory that this process has held."""

from __future__ import annotations

import sys

import torch


def peak_memory() -> dict[str, int]:
    """Return the peak (bytes) of the process, and of each CUDA device that torch used."""
    peaks = {"process": process_peak()}
    for index in range(torch.cuda.device_count()):
        peaks[f"cuda:{index}"] = torch.cuda.max_memory_allocated(index)
    return peaks


def process_peak() -> int:
    if sys.platform == "win32":
        import psutil

        return int(psutil.Process().memory_info().peak_wset)
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
