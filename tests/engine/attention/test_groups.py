import pytest
import torch
from torch.nn.attention.flex_attention import flex_attention

from app.engine.attention.block_sparse import attend_gathered, attend_masked
from app.engine.attention.flex import attend_flex
from app.engine.attention.groups import Group, Groups
from app.engine.sites import Heads
from tests.tiny.runs import close
from tests.tiny.walks import one_thread  # noqa: F401 -- a fixture for every test here

ROWS = torch.randperm(150, generator=torch.Generator().manual_seed(1))
SOME = torch.rand(50, 70, generator=torch.Generator().manual_seed(2)) > 0.4
SOME[:, 0] = True
GROUPS = Groups(
    (Group(ROWS[:20]), Group(ROWS[20:100], ROWS[5:60]), Group(ROWS[100:], ROWS[60:130], SOME)), 150
)


def operands(mask: torch.Tensor | None) -> Heads:
    return Heads(*torch.randn(3, 2, 3, 150, 8, generator=torch.Generator().manual_seed(3)), mask)


def test_the_pattern_says_which_pairs_count() -> None:
    expected = torch.zeros(150, 150, dtype=torch.bool)
    for group in GROUPS.members:
        keys = torch.arange(150) if group.keys is None else group.keys
        counts = torch.ones(len(group.queries), len(keys)) if group.keep is None else group.keep
        expected[group.queries[:, None], keys[None]] = counts.bool()
    assert torch.equal(GROUPS.pattern.mask()[0, 0], expected)
    assert GROUPS.report("test")["density"] == pytest.approx(expected.float().mean().item())


@pytest.mark.filterwarnings("ignore:flex_attention called without torch.compile")
@pytest.mark.parametrize("masked", [True, False])
def test_group_by_group_equals_all_at_once(masked: bool) -> None:
    heads = operands(torch.randn(2, 1, 1, 150) if masked else None)
    found = GROUPS.attend(heads)
    assert close(found, attend_masked(heads, GROUPS.pattern).output)
    assert close(found, attend_gathered(heads, GROUPS.pattern).output)
    assert close(found, attend_flex(heads, GROUPS.pattern, flex_attention).output)
