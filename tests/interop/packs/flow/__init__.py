# ruff: noqa: N802 - the names are those of ComfyUI's interface
"""Lazy inputs, blocks, wildcards, and loops made by expansion."""

from comfy_execution.graph import ExecutionBlocker
from comfy_execution.graph_utils import GraphBuilder, is_link


class AnyType(str):
    def __ne__(self, other):
        return False


ANY = AnyType("*")


class Choose:
    CATEGORY = "flow"
    RETURN_TYPES = (ANY,)
    FUNCTION = "choose"
    asked = 0

    @classmethod
    def INPUT_TYPES(cls):
        lazy = {"lazy": True}
        return {
            "required": {
                "which": ("INT", {"default": 0}),
                "a": (ANY, lazy),
                "b": (ANY, lazy),
                "c": (ANY, lazy),
            }
        }

    def check_lazy_status(self, which, a, b, c):
        """Asks for `a` first, and only then for the one that is chosen."""
        if a is None:
            return ["a"]
        return [name for name, value in (("b", b), ("c", c)) if which == "abc".index(name) and value is None]

    def choose(self, which, a, b, c):
        return ((a, b, c)[which],)


class Block:
    CATEGORY = "flow"
    RETURN_TYPES = (ANY,)
    FUNCTION = "block"

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {
                "value": (ANY, {}),
                "block": ("BOOLEAN", {"default": True}),
                "message": ("STRING", {"default": ""}),
            }
        }

    def block(self, value, block, message):
        return (ExecutionBlocker(message or None) if block else value,)


class Less:
    CATEGORY = "flow"
    RETURN_TYPES = ("BOOLEAN",)
    FUNCTION = "less"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"a": ("INT", {"default": 0}), "b": ("INT", {"default": 0})}}

    def less(self, a, b):
        return (a < b,)


class Plus:
    CATEGORY = "flow"
    RETURN_TYPES = ("INT",)
    FUNCTION = "plus"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"a": ("INT", {"default": 0}), "b": ("INT", {"default": 1})}}

    def plus(self, a, b):
        return (a + b,)


class LoopOpen:
    """Where a round begins: hands on the values that the last round left."""

    CATEGORY = "flow"
    RETURN_TYPES = ("LOOP", ANY, ANY)
    RETURN_NAMES = ("loop", "first", "second")
    FUNCTION = "open"

    @classmethod
    def INPUT_TYPES(cls):
        condition = ("BOOLEAN", {"default": True})
        return {"required": {}, "optional": {"first": (ANY,), "second": (ANY,), "condition": condition}}

    def open(self, first=None, second=None, condition=True):
        return "loop", first, second


class LoopClose:
    """Where a round ends: while `again`, it expands into a copy of everything since LoopOpen."""

    CATEGORY = "flow"
    RETURN_TYPES = (ANY, ANY)
    RETURN_NAMES = ("first", "second")
    FUNCTION = "close"

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {
                "loop": ("LOOP", {"rawLink": True}),
                "again": ("BOOLEAN", {"forceInput": True}),
            },
            "optional": {"first": (ANY,), "second": (ANY,)},
            "hidden": {"prompt": "DYNPROMPT", "me": "UNIQUE_ID"},
        }

    def between(self, prompt, opening, me):
        """Return the nodes that need the opening and that the closing needs."""
        inside, waiting, sources = {opening, me}, [me], {}
        while waiting:
            id = waiting.pop()
            links = [value[0] for value in prompt.get_node(id)["inputs"].values() if is_link(value)]
            sources[id] = links
            waiting += [link for link in links if link not in sources]
        changed = True
        while changed:
            more = {id for id, links in sources.items() if inside & set(links) - {me}} - inside
            inside |= more
            changed = bool(more)
        return inside

    def close(self, loop, again, prompt, me, first=None, second=None):
        if not again:
            return first, second
        graph = GraphBuilder()
        opening = loop[0]
        inside = self.between(prompt, opening, me)
        names = {id: "next round" if id == me else id for id in inside}
        for id in inside:
            graph.node(prompt.get_node(id)["class_type"], names[id]).set_override_display_id(id)
        for id in inside:
            copy = graph.lookup_node(names[id])
            for name, value in prompt.get_node(id)["inputs"].items():
                linked = is_link(value) and value[0] in inside
                copy.set_input(name, graph.lookup_node(names[value[0]]).out(value[1]) if linked else value)
        start, end = graph.lookup_node(names[opening]), graph.lookup_node("next round")
        start.set_input("first", first)
        start.set_input("second", second)
        return {"result": (end.out(0), end.out(1)), "expand": graph.finalize()}


class RepeatOpen:
    """Begins rounds that are counted: expands into LoopOpen, handing it a number as condition."""

    CATEGORY = "flow"
    RETURN_TYPES = ("LOOP", ANY, "INT")
    FUNCTION = "open"

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {"times": ("INT", {"default": 2})},
            "optional": {"first": (ANY,), "second": (ANY,)},
        }

    def open(self, times, first=None, second=None):
        left = times if second is None else second
        graph = GraphBuilder()
        graph.node("FlowLoopOpen", first=first, second=left, condition=left)
        return {"result": ("loop", first, left), "expand": graph.finalize()}


class RepeatClose:
    """Ends counted rounds: expands into the nodes that count, and LoopClose."""

    CATEGORY = "flow"
    RETURN_TYPES = (ANY,)
    FUNCTION = "close"

    @classmethod
    def INPUT_TYPES(cls):
        raw = {"rawLink": True}
        return {"required": {"loop": ("LOOP", raw)}, "optional": {"first": (ANY, raw)}}

    def close(self, loop, first=None):
        graph = GraphBuilder()
        left = graph.node("FlowPlus", a=[loop[0], 2], b=-1.0)
        again = graph.node("FlowLess", a=0, b=left.out(0))
        end = graph.node("FlowLoopClose", loop=loop, again=again.out(0), first=first, second=left.out(0))
        return {"result": (end.out(0),), "expand": graph.finalize()}


class Sometimes:
    """Expands for some elements of a list and not for others."""

    CATEGORY = "flow"
    RETURN_TYPES = ("INT", "STRING")
    FUNCTION = "go"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": ("INT", {})}}

    def go(self, value):
        if value % 2:
            return value, "as it is"
        graph = GraphBuilder()
        sum = graph.node("FlowPlus", a=value, b=100)
        return {"result": (sum.out(0), "expanded"), "expand": graph.finalize()}


class Loose:
    """Expands into what a prompt could not be: types that do not fit, values that a class would refuse."""

    CATEGORY = "flow"
    RETURN_TYPES = ("INT",)
    FUNCTION = "go"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {}}

    def go(self):
        graph = GraphBuilder()
        part = graph.node("ChecksSilent", mine=20.0, theirs=30.0)
        return {"result": (graph.node("FlowPlus", a=1, b=part.out(0)).out(0),), "expand": graph.finalize()}


class Pictures:
    """Expands into nodes of Patchloom's own, with live values on their inputs."""

    CATEGORY = "flow"
    RETURN_TYPES = ("IMAGE",)
    FUNCTION = "go"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"image": ("IMAGE",)}}

    def go(self, image):
        graph = GraphBuilder()
        scaled = graph.node(
            "ImageScale", image=image, width=6, height=2, upscale_method="bicubic", crop="disabled"
        )
        graph.node("SaveImage", images=scaled.out(0), filename_prefix="inner")
        return {"result": (scaled.out(0),), "expand": graph.finalize()}


class Circle:
    CATEGORY = "flow"
    RETURN_TYPES = ("INT",)
    FUNCTION = "go"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {}}

    def go(self):
        graph = GraphBuilder()
        one = graph.node("FlowPlus", b=1)
        other = graph.node("FlowPlus", a=one.out(0), b=1)
        one.set_input("a", other.out(0))
        return {"result": (other.out(0),), "expand": graph.finalize()}


KINDS = (
    Choose,
    Block,
    Less,
    Plus,
    LoopOpen,
    LoopClose,
    RepeatOpen,
    RepeatClose,
    Loose,
    Sometimes,
    Pictures,
    Circle,
)
NODE_CLASS_MAPPINGS = {f"Flow{kind.__name__}": kind for kind in KINDS}
