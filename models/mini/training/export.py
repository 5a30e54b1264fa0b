"""Write a checkpoint and an autoencoder as half-precision safetensors in the folder layout of diffusers."""

import argparse
import json
import os
import tempfile
from argparse import Namespace
from pathlib import Path
from typing import Any

import torch
from diffusers import FlowMatchEulerDiscreteScheduler

from models.mini.training.autoencoder import LATENT_CHANNELS, load_autoencoder
from models.mini.training.networks import Networks, make_networks
from models.mini.training.text import make_tokenizer

FAMILY = "flux-mini"
COMPONENTS: dict[str, list[str | None]] = {
    "feature_extractor": [None, None],
    "image_encoder": [None, None],
    "scheduler": ["diffusers", "FlowMatchEulerDiscreteScheduler"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "text_encoder_2": ["transformers", "T5EncoderModel"],
    "tokenizer": ["transformers", "PreTrainedTokenizerFast"],
    "tokenizer_2": ["transformers", "PreTrainedTokenizerFast"],
    "transformer": ["diffusers", "FluxTransformer2DModel"],
    "vae": ["diffusers", "AutoencoderDC"],
}


def restore(checkpoint: dict[str, Any]) -> Networks:
    """Rebuild the averaged networks of a checkpoint."""
    heads = checkpoint["transformer_config"]["num_attention_heads"]
    head_width = checkpoint["transformer_config"]["attention_head_dim"]
    model = make_networks(4 * LATENT_CHANNELS, heads * head_width)
    model.load_state_dict(checkpoint["average"])
    return model


def write_model(options: Namespace, folder: Path) -> None:
    """Write all parts of the model into an empty folder."""
    checkpoint = torch.load(options.checkpoint, weights_only=False)
    networks = restore(checkpoint).half()
    for name in ("transformer", "text_encoder", "text_encoder_2"):
        getattr(networks, name).save_pretrained(folder / name)
    load_autoencoder(options.vae).half().save_pretrained(folder / "vae")
    for name in ("tokenizer", "tokenizer_2"):
        make_tokenizer().save_pretrained(folder / name)
        edit_json(folder / name / "tokenizer_config.json", {"tokenizer_class": "PreTrainedTokenizerFast"})
    scheduler: Any = FlowMatchEulerDiscreteScheduler
    scheduler(shift=1.0).save_pretrained(folder / "scheduler")
    vae_config = json.loads((folder / "vae" / "config.json").read_text())
    factors = {"scaling_factor": 1 / checkpoint["std"], "shift_factor": checkpoint["mean"]}
    widths = {"block_out_channels": vae_config["encoder_block_out_channels"]}
    edit_json(folder / "vae" / "config.json", factors | widths)
    write_index(folder, options.size, vae_config["_diffusers_version"])


def edit_json(file: Path, changes: dict[str, Any]) -> None:
    """Change entries of a configuration and drop what depends on this machine."""
    data = json.loads(file.read_text()) | changes
    for key in ("_name_or_path", "backend"):
        data.pop(key, None)
    file.write_text(json.dumps(data, indent=2) + "\n")


def write_index(folder: Path, size: int, version: str) -> None:
    """Write model_index.json with the family and the native size."""
    index = {
        "_class_name": "FluxPipeline",
        "_diffusers_version": version,
        "_patchloom_family": FAMILY,
        "_patchloom_size": [size, size],
        **COMPONENTS,
    }
    (folder / "model_index.json").write_text(json.dumps(index, indent=2) + "\n")


def main(options: Namespace) -> None:
    """Write next to the target first, then move file by file, so that a reader never sees half a file."""
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=options.out.parent, prefix=".export-") as temporary:
        write_model(options, Path(temporary))
        files = [file for file in Path(temporary).rglob("*") if file.is_file()]
        print(f"{sum(file.stat().st_size for file in files) / 1e6:.2f} MB in {len(files)} files")
        for file in files:
            target = options.out / file.relative_to(temporary)
            target.parent.mkdir(exist_ok=True)
            file.chmod(0o644)
            os.replace(file, target)


def parse_options() -> Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--vae", type=Path, required=True, help="folder of the autoencoder")
    parser.add_argument("--out", type=Path, default=Path("models/mini"))
    parser.add_argument("--size", type=int, default=128)
    return parser.parse_args()


if __name__ == "__main__":
    main(parse_options())
