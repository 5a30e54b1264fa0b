# ruff: noqa: N802 - the names are those of ComfyUI's interface
"""Async nodes."""

import asyncio

from comfy.comfy_types import IO, ComfyNodeABC, InputTypeDict
from comfy_api.v0_0_2 import ComfyAPI, ComfyAPISync

api, api_sync = ComfyAPI(), ComfyAPISync()
MEETING = []  # those who wait for the others


class Meet(ComfyNodeABC):
    """Ends only when `guests` nodes are there at the same time."""

    CATEGORY = "waiting"
    RETURN_TYPES = (IO.INT,)
    FUNCTION = "meet"

    @classmethod
    def INPUT_TYPES(cls) -> InputTypeDict:
        return {"required": {"guests": (IO.INT, {"default": 2}), "name": (IO.STRING, {})}}

    async def meet(self, guests, name):
        MEETING.append(name)
        for _ in range(1000):
            if len(MEETING) >= guests:
                return (len(MEETING),)
            await asyncio.sleep(0.01)
        raise RuntimeError("the others did not come")


class Endless:
    CATEGORY = "waiting"
    RETURN_TYPES = (IO.INT,)
    FUNCTION = "wait"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {}}

    async def wait(self):
        await api.execution.set_progress(0.5, 1.0)
        await asyncio.sleep(1000)
        return (0,)


class Timed:
    CATEGORY = "waiting"
    RETURN_TYPES = (IO.ANY,)
    FUNCTION = "wait"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": (IO.ANY, {"lazy": True})}}

    async def check_lazy_status(self, value=None):
        await asyncio.sleep(0)
        return ["value"] if value is None else []

    async def wait(self, value):
        api_sync.execution.set_progress(1, 1)
        try:
            await asyncio.wait_for(asyncio.sleep(10), timeout=0.01)
        except TimeoutError:
            return (value,)


NODE_CLASS_MAPPINGS = {f"Waiting{kind.__name__}": kind for kind in (Meet, Endless, Timed)}
