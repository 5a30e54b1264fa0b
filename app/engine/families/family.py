"""What the engine must be told about a transformer family: the only place where models differ."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from torch import Tensor, nn

from app.engine.conditioning import Conditioning
from app.engine.families.prompts import Prompting
from app.engine.prediction import ModelInput, from_velocity
from app.engine.sites import Role
from app.engine.tokens import Layout, Sequence, Stream, Tokens

# (latent of a video, grey or zero where no frame is given, which frames are, (frames,)) -> what stands beside
GivenFrames = Callable[[Tensor, Tensor], Tensor]
# (block arguments, layout of the whole picture, active image tokens) -> per-token arguments for those only
Cut = Callable[[Mapping[str, Any], Layout, Tensor], dict[str, Any]]


@dataclass(frozen=True)
class Stack:
    """A list of blocks that are called alike.

    Attributes:
        path: Attribute of the transformer that holds the list.
        inputs: Token stream -> argument of the block's forward; `joint` where one tensor carries both.
        returns: Token streams in the order in which the block returns them.
        attention: Attention module in the block -> (tokens that ask, tokens that answer).
        whole: Modules that need all image tokens at once, and have no matrix of scores: linear attention,
            and convolutions in place of an MLP.
        mlp: MLPs in the block; none where the MLP shares its output projection with attention.
        trunk: False for blocks that refine one stream before the trunk begins.
        conditions: Whether what it makes is read by every block of the trunk instead of going through it.
        idle_mask: Whether its attention makes a mask that lets everything through; techniques do not see it.
        cut: What to cut when the trunk works on some image tokens only; None where no argument is per token.
    """

    path: str
    inputs: Mapping[Sequence, str]
    returns: tuple[Sequence, ...]
    attention: Mapping[str, tuple[Sequence, Sequence]]
    whole: Mapping[str, Role] = field(default_factory=dict)
    mlp: tuple[str, ...] = ()
    trunk: bool = True
    conditions: bool = False
    idle_mask: bool = False
    cut: Cut | None = None

    def apart(self, carried: Mapping[Sequence, Tensor], layout: Layout) -> Tokens:
        """Return what a block takes or returns as separate streams."""
        if "joint" in self.inputs:
            return layout.split(carried["joint"])
        return Tokens(cast("Mapping[Stream, Tensor]", carried))

    def together(self, tokens: Tokens, layout: Layout) -> Mapping[Sequence, Tensor]:
        """Return separate streams as a block takes or returns them."""
        if "joint" in self.inputs:
            return {"joint": layout.join(tokens)}
        return cast("Mapping[Sequence, Tensor]", tokens.streams)


def in_channels(config: Any) -> int:
    """Return the channels of a transformer that takes a latent and nothing beside it."""
    channels: int = config.in_channels
    return channels


@dataclass(frozen=True)
class LatentFormat:
    """How the family's autoencoder writes pictures.

    Attributes:
        downscale: Pixels to a latent cell, along each side.
        patch: Latent cells to a token, over (frames, rows, columns).
        packed: Whether the transformer takes tokens instead of the latent grid.
        frames: Whether a latent has a frame axis.
        frame_downscale: Frames of a video to a latent frame; the first frame has one of its own.
        video_vae: Whether the autoencoder has one, even where the latent has not.
        autoencoder: Name and channels of the published autoencoder.
        scale: A latent is (what the autoencoder writes - shift) * scale, where its files do not say more.
        shift: See `scale`.
        taken: Config of a transformer -> channels (of a token, where packed) that are the noisy latent;
            models that fill, follow or animate a picture take further ones beside it.
    """

    downscale: int = 8
    patch: tuple[int, int, int] = (1, 2, 2)
    packed: bool = False
    frames: bool = False
    frame_downscale: int = 4
    video_vae: bool = False
    autoencoder: str = "kl-16"
    scale: float = 1.0
    shift: float = 0.0
    taken: Callable[[Any], int] = in_channels

    @property
    def multiple(self) -> int:
        """Width and height of a picture, in pixels, must be multiples of this."""
        return self.downscale * self.patch[-1]

    @property
    def lead(self) -> int:
        """Latent frames before the first one: copies of it, so that frames make whole tokens."""
        return self.patch[0] - 1

    @property
    def frame_group(self) -> int:
        """The length of a video, in frames, must be 1 more than a multiple of this."""
        return self.frame_downscale * self.patch[0]

    def latent_frames(self, length: int) -> int:
        """Return the frames of the latent of a video, which has `length` frames at most."""
        return self.lead + 1 + (length - 1) // self.frame_group * self.patch[0]

    def grid(self, latent: Tensor) -> tuple[int, int, int]:
        """Return (frames, rows, columns) of `latent` in tokens."""
        sizes = latent.shape[2:] if latent.ndim == 5 else (1, *latent.shape[2:])
        frames, rows, columns = (size // cells for size, cells in zip(sizes, self.patch, strict=True))
        return frames, rows, columns

    def channels(self, transformer: nn.Module) -> int:
        """Return the channels of a latent for this very transformer."""
        channels = self.taken(transformer.config)
        frames, rows, columns = self.patch
        return channels // (frames * rows * columns) if self.packed else channels

    def beside(self, transformer: nn.Module) -> int:
        """Return the channels that this very transformer takes beside those of a latent."""
        config: Any = transformer.config
        further = in_channels(config) - self.taken(config)
        frames, rows, columns = self.patch
        return further // (frames * rows * columns) if self.packed else further


@dataclass(frozen=True)
class Rope:
    """Rotary positions of image tokens: the i-th pair of numbers in a head turns by position * frequency i.

    Attributes:
        widths: Transformer -> numbers of a head that turn with (frame, row, column).
        theta: Frequency i of an axis of width d is theta ** (-2 i / d).
        centred: Whether rows and columns count from the middle of the picture.
        interleaved: Whether pairs turn with row and column in turns, instead of axis by axis.
        to_text: Whether image tokens turn, too, where they look at text alone.
    """

    widths: Callable[[Any], Iterable[int]]
    theta: float = 10000.0
    centred: bool = False
    interleaved: bool = False
    to_text: bool = False


def first(returned: Any) -> Tensor:
    """Return the first of what a forward returns."""
    answer: Tensor = returned[0]
    return answer


def own_length(image: int, text: int) -> int:
    """Return the number of text tokens of a transformer that adds none."""
    return text


def nothing_ahead(conditioning: Conditioning) -> int:
    """Return the number of tokens before those of the prompt in a family that has none there."""
    return 0


@dataclass(frozen=True)
class Family:
    """Everything in which one kind of diffusion transformer differs from the others.

    Attributes:
        name: Written into latents and conditionings, so that they are not mixed up.
        transformer: Class name in diffusers.
        stacks: Where its blocks are, in calling order within the trunk.
        arguments: (transformer, question) -> keyword arguments of its forward.
        denoised: (question, output) -> denoised sample like the question's latent.
        output: What its forward returns -> its answer as one tensor.
        text_length: (image tokens, text tokens of the prompt) -> text tokens that it makes of them.
        latent: How its autoencoder writes pictures.
        order: Which stream comes first in joint attention.
        prompting: How it reads prompts; None where that is not supported yet.
        native_size: (width, height) it was trained for, in pixels.
        class_table: Transformer -> vectors of its classes (classes + 1, D), the last for no class; None where
            prompts say what the picture shows.
        rope: How it tells image tokens where they are; None where positions are added at its entrance.
        shift: How far its schedules are moved towards noise: s -> shift * s / (1 + (shift - 1) * s).
        sees_references: Whether its editing models take further pictures as tokens after those of their own.
        level_per_token: Whether it is told the noise level of each token, so that frames can be held.
        same_prompts: Name of a family that reads prompts with the same encoders in the same way.
        zero_beside: Whether zeros stand beside the latent where a prompt brings nothing.
        ahead: Conditioning -> tokens that stand before those of the prompt, of pictures or of spelt words.
        given_frames: What its models that animate pictures take beside the latent; None where none do.
        first_alone: Whether these are given the first frame alone, and zeros where no frame is given.
        vision: Name and width of the vision encoder whose tokens some of its models read; empty for none.
        levels: Noise levels in the table from which ComfyUI's schedules choose.
    """

    name: str
    transformer: str
    stacks: tuple[Stack, ...]
    arguments: Callable[[nn.Module, ModelInput], dict[str, Any]]
    denoised: Callable[[ModelInput, Tensor], Tensor] = from_velocity
    output: Callable[[Any], Tensor] = first
    text_length: Callable[[int, int], int] = own_length
    latent: LatentFormat = field(default_factory=LatentFormat)
    order: tuple[Stream, Stream] = ("text", "image")
    prompting: Prompting | None = None
    native_size: tuple[int, int] = (1024, 1024)
    class_table: Callable[[Any], Tensor] | None = None
    rope: Rope | None = None
    shift: float = 1.0
    levels: int = 1000
    sees_references: bool = False
    level_per_token: bool = False
    same_prompts: str = ""
    zero_beside: bool = False
    ahead: Callable[[Conditioning], int] = nothing_ahead
    given_frames: GivenFrames | None = None
    first_alone: bool = False
    vision: str = ""

    def layout(self, given: ModelInput) -> Layout:
        """Return where the tokens of a question lie."""
        grid = self.latent.grid(given.latent)
        frames, rows, columns = grid
        image = frames * rows * columns
        prompt, ahead = given.conditioning.tokens.shape[1], self.ahead(given.conditioning)
        text, lead = self.text_length(image, ahead + prompt), self.text_length(image, ahead)
        return Layout(grid, text, self.order, lead=lead)
