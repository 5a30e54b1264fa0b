# ruff: noqa: N802 - the names are those of ComfyUI's interface
"""VALIDATE_INPUTS and IS_CHANGED in all their forms, and types that compare themselves."""

import asyncio

RUNS = []


class SmartType(str):
    """Fits where all its parts do."""

    def __ne__(self, other):
        if self == "*" or other == "*":
            return False
        return not set(self.split(",")) <= set(other.split(","))


class Named:
    """Looks at one input by name, so that its range is not checked."""

    CATEGORY = "checks"
    RETURN_TYPES = ("FLOAT",)
    FUNCTION = "go"

    @classmethod
    def INPUT_TYPES(cls):
        limits = {"min": 0.0, "max": 1.0}
        return {"required": {"mine": ("FLOAT", limits), "theirs": ("FLOAT", limits)}}

    @classmethod
    def VALIDATE_INPUTS(cls, mine):
        return True if mine is None or mine < 10 else "mine is too large"

    def go(self, mine, theirs):
        return (mine + theirs,)


class All(Named):
    """Looks at all inputs, in a coroutine that is no class method."""

    async def VALIDATE_INPUTS(**values):
        await asyncio.sleep(0)
        return values["theirs"] != 7 or "no sevens"


class Types(Named):
    """Compares types itself, so that we do not."""

    RETURN_TYPES = ("STRING",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": ("IMAGE,FLOAT",)}}

    @classmethod
    def VALIDATE_INPUTS(cls, input_types, value=None):
        if value is not None and not isinstance(value, float):
            return f"value is {type(value).__name__}"
        return (
            input_types.get("value", "FLOAT") in ("FLOAT", "BOOLEAN") or f"value gives {input_types['value']}"
        )

    def go(self, value):
        return (repr(value),)


class Several(Types):
    """Takes one of two types; a whole number stays one."""

    VALIDATE_INPUTS = None
    del VALIDATE_INPUTS

    @classmethod
    def VALIDATE_INPUTS(cls, value=None):
        return value is None or isinstance(value, float) or f"value is {type(value).__name__}"


class Smart(Types):
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": (SmartType("FLOAT,INT"),)}}

    VALIDATE_INPUTS = staticmethod(lambda: True)


class Silent(Named):
    @classmethod
    def VALIDATE_INPUTS(cls, mine):
        return False


class Failing(Named):
    @classmethod
    def VALIDATE_INPUTS(cls, mine):
        raise RuntimeError("the check itself is broken")


class Changing:
    """Runs again when `state` says so: a number is compared, `nan` means always."""

    CATEGORY = "checks"
    RETURN_TYPES = ("INT",)
    FUNCTION = "go"

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {"state": ("STRING", {"default": "0"})},
            "optional": {"value": ("INT", {"forceInput": True})},
        }

    @classmethod
    def IS_CHANGED(cls, state, value=None):
        assert value is None, "a linked input is not known yet"
        if state == "broken":
            raise RuntimeError("cannot tell")
        return float(state)

    def go(self, state, value=0):
        RUNS.append(state)
        return (len(RUNS),)


class Texts:
    CATEGORY = "checks"
    RETURN_TYPES = ("STRING",)
    FUNCTION = "go"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {}}

    def go(self):
        return ("text",)


KINDS = (Named, All, Types, Several, Smart, Silent, Failing, Changing, Texts)
NODE_CLASS_MAPPINGS = {f"Checks{kind.__name__}": kind for kind in KINDS}
