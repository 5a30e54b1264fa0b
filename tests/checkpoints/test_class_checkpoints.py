"""Class-conditional models and their autoencoders under the names and sizes that their authors published."""

from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from app.checkpoints.contents import read_parts
from app.checkpoints.fitting import fit
from app.checkpoints.known.autoencoders import va_vae_rules
from app.engine.media import Image, Latent
from app.engine.sampling import Sampling
from app.engine.weights.building import empty, refuse_other_names
from app.engine.weights.single_files import open_transformer, open_vae
from app.graph.problem import Refusal
from nodes.conditioning.encode_class import encode_class
from nodes.guidance.cfg import cfg
from nodes.latents.empty_latent import empty_latent
from nodes.samplers.euler import Euler
from nodes.schedules.basic_schedule import basic_schedule
from tests.checkpoints.test_layouts import in_layout, same, written
from tests.tiny.layouts import original, random, stored, transformer
from tests.tiny.published import PUBLISHED, header_of
from tests.tiny.recorder import Recorder


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_published_names_and_sizes_fill_the_network(name: str, tmp_path: Path) -> None:
    shapes, heads = PUBLISHED[name]
    (part,) = read_parts(header_of(tmp_path / "published.safetensors", shapes))
    assert (part.architecture.name, part.config["num_attention_heads"]) == (name, heads)
    refuse_other_names(part, empty(part, {}))


def test_only_the_user_can_tell_sit_from_dit(tmp_path: Path) -> None:
    path = written(tmp_path / "sit.safetensors", in_layout(transformer("dit"), "dit", "original"))
    assert fit("diffusion_models", path.name, path) == {"dit", "sit"}
    assert open_transformer(path).family.name == "dit"
    model = open_transformer(path, family="sit")
    assert model.family.name == "sit" and same(model.module, transformer("dit"))
    with pytest.raises(Refusal, match="holds a transformer of dit or sit, not of flux"):
        open_transformer(path, family="flux")


def test_a_token_of_other_width_is_named(tmp_path: Path) -> None:
    module = transformer("dit", patch_size=4)
    path = written(tmp_path / "dit.safetensors", in_layout(module, "dit", "original"))
    with pytest.raises(Refusal, match=r"dit \(/4\), which needs tokens of 4 x 4 latent cells"):
        open_transformer(path)


def test_pickles_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "DiT-XL-2-256x256.pt"
    path.write_bytes(b"PK\x03\x04")
    with pytest.raises(Refusal, match="is a pickle file"):
        open_transformer(path)


def va_vae() -> nn.Module:
    """Build VA-VAE with its attention at the lowest level, and latents that need their statistics."""
    from app.engine.networks.va_vae import AutoencoderVAVAE

    module = AutoencoderVAVAE(
        down_block_types=("DownEncoderBlock2D",) * 4 + ("AttnDownEncoderBlock2D",),
        up_block_types=("AttnUpDecoderBlock2D",) + ("UpDecoderBlock2D",) * 4,
        block_out_channels=(32,) * 5,
        latent_channels=32,
        layers_per_block=1,
        scaling_factor=1.0,
    )
    random(module)
    module.mean.copy_(torch.linspace(-1, 1, 32).reshape(1, 32, 1, 1))
    module.spread.copy_(torch.linspace(0.5, 2, 32).reshape(1, 32, 1, 1))
    return module


def stored_va_vae(module: nn.Module) -> Mapping[str, Tensor]:
    levels = [f"decoder.up.{level}.block" for level in range(5)]
    names = original(stored(module), va_vae_rules(levels))
    assert "encoder.down.4.attn.0.proj_out.weight" in names and "latents_mean" in names
    return names | {"linear_proj.weight": torch.zeros(1), "loss.logvar": torch.zeros(1)}


def test_va_vae_opens_with_its_statistics(tmp_path: Path) -> None:
    module = va_vae()
    vae = open_vae(written(tmp_path / "va_vae.safetensors", stored_va_vae(module)))
    assert (vae.family.name, vae.channels) == ("lightning-dit", 32) and same(vae.module, module)
    image = Image(torch.rand(1, 32, 48, 3, generator=torch.Generator().manual_seed(0)))
    latent = vae.encode(image)
    with torch.no_grad():
        raw = module.encode_raw(image.pixels.movedim(-1, 1) * 2 - 1)  # type: ignore[operator]
    assert latent.samples.shape == (1, 32, 2, 3)
    spread = torch.linspace(0.5, 2, 32).reshape(1, 32, 1, 1)
    assert torch.allclose(latent.samples * spread, raw - torch.linspace(-1, 1, 32).reshape(1, 32, 1, 1))
    assert vae.decode(latent).pixels.shape == (1, 32, 48, 3)


def test_va_vae_without_statistics_says_what_it_lacks(tmp_path: Path) -> None:
    names = {name: tensor for name, tensor in stored_va_vae(va_vae()).items() if "latents" not in name}
    with pytest.raises(Refusal, match="needs latents_mean and latents_std in the same file"):
        open_vae(written(tmp_path / "va_vae.safetensors", names))


def rae(side: int = 4) -> nn.Module:
    from app.engine.networks.rae import RepresentationAutoencoder

    module = RepresentationAutoencoder(
        statistics=(768, side, side),
        encoder_hidden_size=768,
        encoder_num_hidden_layers=1,
        decoder_hidden_size=64,
        decoder_num_hidden_layers=1,
        decoder_intermediate_size=32,
        encoder_input_size=14 * side,
    )
    return random(module)


def test_rae_opens_and_works_at_its_own_size(tmp_path: Path) -> None:
    module, path = rae(), tmp_path / "rae.safetensors"
    save_file({name: tensor.contiguous() for name, tensor in module.state_dict().items()}, path)
    vae = open_vae(path)
    assert (vae.family.name, vae.channels) == ("dit-dh", 768) and same(vae.module, module)
    picture = Image(torch.rand(1, 64, 64, 3, generator=torch.Generator().manual_seed(0)))
    latent = vae.encode(picture)
    assert latent.samples.shape == (1, 768, 4, 4) and vae.decode(latent).pixels.shape == (1, 64, 64, 3)
    with pytest.raises(Refusal, match="picture is 80 x 64; this autoencoder needs 64 x 64"):
        vae.encode(Image(torch.zeros(1, 64, 80, 3)))
    with pytest.raises(Refusal, match="latent is 5 x 4; this autoencoder needs 4 x 4"):
        vae.decode(Latent(torch.zeros(1, 768, 4, 5), "dit-dh"))


def test_rae_takes_colours_as_the_library_does(tmp_path: Path) -> None:
    """The library counts colours from 0 to 1; so does a picture."""
    from diffusers import AutoencoderRAE

    module = rae()
    colours = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = AutoencoderRAE.encode(module, colours).latent
        assert torch.allclose(module.encode(colours * 2 - 1).latent, expected, atol=1e-5)  # type: ignore[operator]
        drawn = AutoencoderRAE.decode(module, expected).sample
        assert torch.allclose(module.decode(expected).sample / 2 + 0.5, drawn, atol=1e-5)  # type: ignore[operator]


def kl() -> nn.Module:
    """Build the autoencoder of the first Stable Diffusion in small."""
    from diffusers import AutoencoderKL

    return random(
        AutoencoderKL(
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            block_out_channels=(32,) * 4,
            layers_per_block=1,
        )
    )


@pytest.mark.parametrize("family", ["dit", "sit", "fitv2", "lightning-dit", "dit-dh"])
def test_from_a_class_to_a_picture(family: str, tmp_path: Path) -> None:
    """Transformer and autoencoder from files, as nodes put them together."""
    name, channels = {"sit": "dit"}.get(family, family), {"lightning-dit": 32, "dit-dh": 768}.get(family, 4)
    module = transformer(name, in_channels=channels)
    parts = {"lightning-dit": lambda: stored_va_vae(va_vae()), "dit-dh": lambda: stored(rae())}
    weights = parts.get(family, lambda: stored(kl()))()
    model = open_transformer(
        written(tmp_path / "model.safetensors", in_layout(module, name, "original")), family=family
    )
    vae = open_vae(written(tmp_path / "vae.safetensors", weights))
    guider = cfg(encode_class(model, 3), encode_class(model, -1), 4.0, channels=3)
    sampling = Sampling(model, guider, Euler(), basic_schedule(model, steps=3))
    image = vae.decode(sampling.run(empty_latent(model, 64, 64, batch_size=2), 7, Recorder()))
    assert image.pixels.shape == (2, 64, 64, 3) and image.pixels.isfinite().all()
