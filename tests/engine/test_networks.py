"""Our own networks: loaded from a file, and right where their parts have a closed form."""

from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from app.engine.networks.positions import rotary_table, rotate, spanning_rotary_table
from app.engine.weights.single_files import open_transformer
from tests.tiny.zoo import build, noise


def test_ddt_is_told_by_its_file(tmp_path: Path) -> None:
    model = build("ddt")
    path = tmp_path / "ddt.safetensors"
    save_file({name: tensor.clone() for name, tensor in model.module.state_dict().items()}, path)
    opened = open_transformer(path, "float32")
    assert opened.family.name == "ddt"
    weights = opened.module.state_dict()
    assert all(torch.equal(weights[name], tensor) for name, tensor in model.module.state_dict().items())


def test_patches_come_back() -> None:
    model = build("ddt")
    latent = noise(model, batch=2)
    patches: Tensor = model.module.patches(latent)  # type: ignore[operator]
    assert torch.equal(model.module.pixels(patches, latent), latent)  # type: ignore[operator]


def test_rotary_positions_count_by_their_distance_alone() -> None:
    """The product of two rotated vectors depends on how far apart their tokens are, not on where."""
    table = rotary_table(5, 6, 16, torch.device("cpu"))
    query, key = (torch.randn(16, generator=torch.Generator().manual_seed(seed)) for seed in (0, 1))

    def score(first: int, second: int) -> Tensor:
        return rotate(query, table[first]) @ rotate(key, table[second])

    def at(row: int, column: int) -> int:
        return row * 6 + column

    assert torch.allclose(score(at(0, 0), at(2, 3)), score(at(1, 1), at(3, 4)), atol=1e-5)
    assert not torch.allclose(score(at(0, 0), at(2, 3)), score(at(0, 0), at(3, 2)), atol=1e-3)
    assert torch.allclose(rotate(query, table[at(0, 0)]), query)


def test_spanning_positions_know_edges_and_no_sizes() -> None:
    """Both corners of a small and of a large picture are as far apart; turns alternate, columns first."""
    small, large = (spanning_rotary_table(*size, 16, torch.device("cpu")) for size in ((3, 4), (9, 16)))
    assert torch.allclose(small[[0, 3, 8, 11]], large[[0, 15, 128, 143]], atol=1e-5)
    first_row, first_column = large[:16], large[::16]
    assert torch.equal(first_row[:, 1::2, 0], torch.ones(16, 4)), "all in row 0"
    assert torch.equal(first_column[:, ::2, 0], torch.ones(9, 4)), "all in column 0"
    turns = torch.atan2(first_column[..., 1], first_column[..., 0])[:, 3]
    assert torch.allclose(turns, torch.linspace(0, 1.6, 9), atol=1e-5), "16 times a rate of 10000 ** (-1 / 4)"
