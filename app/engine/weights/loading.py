"""Opens a model folder in diffusers layout, from the disk only."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from safetensors import SafetensorError
from torch import nn

from app.checkpoints.architecture import Kind
from app.checkpoints.contents import family_of, find_part
from app.checkpoints.weights import check_weights, read_header, read_json
from app.engine.families import FAMILIES, Family, family_for
from app.engine.families.prompts import TextTower
from app.engine.latents.vae import Vae
from app.engine.model import Model
from app.engine.place import loading_place
from app.engine.prompts.text_encoder import TextEncoder, Tower
from app.engine.prompts.tokenizers import Tokenizer, from_library
from app.engine.weights.building import build
from app.graph.problem import Refusal

LIBRARIES = ("diffusers", "transformers")


class Loaded(NamedTuple):
    """The three parts of a text-to-image model."""

    model: Model
    text_encoder: TextEncoder
    vae: Vae


@dataclass(frozen=True)
class Folder:
    """A model folder: `model_index.json` and one folder for each part that it names."""

    path: Path
    index: dict[str, Any]

    def load(self) -> Loaded:
        """Read all parts onto the device that is there."""
        quieten()
        family = self.family()
        vae = Vae(self.module("vae"), family)
        size = self.index.get("_patchloom_size")
        transformer = self.module("transformer")
        family = family_for(transformer, family.name)
        model = Model(transformer, family, size=tuple(size) if size else None, preview=vae.preview())
        return Loaded(model, self.text_encoder(family), vae)

    def family(self) -> Family:
        """Return the family that the index states, or else the one that the transformer's header tells."""
        kind = self.entry("transformer")[1]
        stated = self.index.get("_patchloom_family") or family_of(self.path / "transformer")
        for family in FAMILIES:
            if family.transformer == kind and stated in (None, family.name):
                return family
        raise Refusal(
            f"{self.path} holds a {stated or kind} model, which Patchloom does not know.",
            f"Use one of: {', '.join(family.name for family in FAMILIES)}.",
            code="unknown_family",
        )

    def entry(self, part: str) -> tuple[str, str]:
        """Return (library, class) of a part."""
        entry = self.index.get(part)
        if not isinstance(entry, list) or len(entry) != 2 or entry[0] not in LIBRARIES:
            raise Refusal(
                f"{self.path / 'model_index.json'} names no usable {part}: {entry!r}.",
                "Use a text-to-image model in diffusers layout.",
                code="bad_config",
            )
        return entry[0], entry[1]

    def text_encoder(self, family: Family) -> TextEncoder:
        if family.prompting is None:
            raise Refusal(
                f"Patchloom cannot read the text encoders of {family.name} yet.",
                f"Use one of: {', '.join(known.name for known in FAMILIES if known.prompting)}.",
                code="unsupported",
            )
        towers = {role.architecture: self.tower(role) for role in family.prompting.towers if self.has(role)}
        return TextEncoder(family, family.prompting, towers)

    def has(self, role: TextTower) -> bool:
        return role.needed or self.index.get(role.encoder) not in (None, [None, None])

    def tower(self, role: TextTower) -> Tower:
        return Tower(role, self.tokenizer(role.tokenizer), self.module(role.encoder))

    def tokenizer(self, part: str) -> Tokenizer:
        from transformers import PreTrainedTokenizerBase

        kind = self.kind(part, PreTrainedTokenizerBase)
        try:
            return from_library(kind.from_pretrained(self.path / part, local_files_only=True))
        except (OSError, ValueError, KeyError) as error:
            raise unreadable(self.path / part, error) from error

    def module(self, part: str) -> nn.Module:
        """Build one part with its weights, ready to run."""
        from diffusers import ModelMixin
        from transformers import PreTrainedModel

        kind, folder = self.kind(part, (ModelMixin, PreTrainedModel)), self.path / part
        config = read_json(folder / "config.json")
        check_weights(folder)
        if "quantization_config" in config:
            return quantised_part(folder, part, config)
        precision = "dtype" if issubclass(kind, PreTrainedModel) else "torch_dtype"
        offline = {"local_files_only": True, "use_safetensors": True, "output_loading_info": True}
        device, dtype = loading_place()
        try:
            module, info = kind.from_pretrained(folder, **offline, **{precision: dtype})
        except (OSError, ValueError, KeyError, RuntimeError, TypeError, SafetensorError) as error:
            raise unreadable(folder, error) from error
        refuse_other_keys(folder, info)
        ready: nn.Module = module.to(device).eval().requires_grad_(False)
        return ready

    def kind(self, part: str, wanted: type | tuple[type, ...]) -> Any:
        """Return the class of a part; a name that is no model class goes no further."""
        import diffusers
        import transformers

        library, name = self.entry(part)
        kind = getattr({"diffusers": diffusers, "transformers": transformers}[library], name, None)
        if not (isinstance(kind, type) and issubclass(kind, wanted)):
            raise Refusal(
                f"{self.path} asks for {library}.{name} as its {part}, which is no such class.",
                "Update Patchloom, or fetch the model again.",
                code="bad_config",
            )
        return kind


def load_folder(path: Path) -> Loaded:
    """Read a text-to-image model from its folder."""
    if path.is_file():
        read_header(path)  # a file that is no weight file at all has a refusal of its own
        raise Refusal(
            f"{path} is a single file; a model is a folder in diffusers layout.",
            "Put it into models/checkpoints and use Load checkpoint.",
            code="not_a_folder",
        )
    if not (path / "model_index.json").is_file():
        raise Refusal(
            f"{path} has no model_index.json, so it is no model folder.",
            "Choose the folder that holds model_index.json and the model's parts.",
            code="no_config",
        )
    return Folder(path, read_json(path / "model_index.json")).load()


def quantised_part(folder: Path, part: str, config: dict[str, Any]) -> nn.Module:
    """Build a part whose weights are quantised, by our own means: the library would ask for another one."""
    kind: Kind = "transformer" if part.startswith("transformer") else "text_encoder"
    told = {name: value for name, value in config.items() if not name.startswith(("_", "quantization"))}
    return build(find_part(folder, kind), told=told)


def import_libraries() -> None:
    """Import what loading a model needs, ahead of the first one: it takes seconds."""
    from diffusers import FluxTransformer2DModel  # noqa: F401
    from transformers import CLIPTextModel, T5EncoderModel  # noqa: F401


def refuse_other_keys(folder: Path, info: dict[str, Any]) -> None:
    """Refuse weights that do not fill the model exactly."""
    for wrong, verb in (("missing_keys", "lacks"), ("unexpected_keys", "does not know")):
        if names := sorted(info[wrong]):
            shown = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
            raise Refusal(
                f"The model in {folder} {verb} {len(names)} of the tensors: {shown}.",
                "The weights belong to another model than the config beside them; fetch both from one place.",
                code=wrong,
            )


def unreadable(folder: Path, error: Exception) -> Refusal:
    return Refusal(
        f"{folder} cannot be loaded: {error}.",
        "Fetch the folder again, with its config and weights from one place.",
        code="unreadable",
    )


def quieten() -> None:
    """Stop the libraries' progress bars and remarks: what matters is said by refusals."""
    import diffusers
    import transformers

    for library in (diffusers, transformers):
        library.utils.logging.set_verbosity_error()
        library.utils.logging.disable_progress_bar()
