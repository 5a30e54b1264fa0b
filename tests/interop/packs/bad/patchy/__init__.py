"""One class that works, among others that do not."""


class Good:
    RETURN_TYPES = ("INT",)
    FUNCTION = "go"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": ("INT", {"default": 1})}}

    def go(self, value):
        return (value,)


class NoReturnTypes:
    FUNCTION = "go"
    INPUT_TYPES = Good.INPUT_TYPES

    def go(self, value):
        return ()


class NoInputs(Good):
    @classmethod
    def INPUT_TYPES(cls):
        raise KeyError("missing")


class NoFunction(Good):
    FUNCTION = "elsewhere"


class OddInput(Good):
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": "INT"}}


NODE_CLASS_MAPPINGS = {
    "PatchyGood": Good,
    "NoReturnTypes": NoReturnTypes,
    "NoInputs": NoInputs,
    "NoFunction": NoFunction,
    "OddInput": OddInput,
    "KSampler": Good,
    "PlainFlat": Good,
    "patchloom.switch": Good,
}
