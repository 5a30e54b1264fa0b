import torch

from app.engine.attention.clusters import cluster
from tests.tiny.walks import one_thread  # noqa: F401 -- a fixture for every test here


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_every_token_is_in_one_cluster_and_moving_them_brings_them_nearer() -> None:
    tokens = random(2, 3, 100, 4)

    def spread(iterations: int) -> float:
        found = cluster(tokens, 7, iterations)
        part = found.partition
        assert torch.equal(part.sizes.sum(-1), torch.full((2, 3), 100))
        assert torch.equal(part.order.sort(-1).values, torch.arange(100).expand(2, 3, -1))
        assert torch.equal(found.labels.gather(-1, part.order), part.labels)
        own = found.centroids.gather(2, found.labels[..., None].expand_as(tokens))
        return float((tokens - own).square().sum())

    assert spread(0) > spread(1) > spread(20)


def test_few_distinct_tokens_are_their_own_centroids() -> None:
    kinds = 10 * random(1, 1, 3, 4)
    tokens = kinds[:, :, torch.arange(30) % 3]
    found = cluster(tokens, 3, 20)
    own = found.centroids.gather(2, found.labels[..., None].expand_as(tokens))
    assert torch.allclose(own, tokens, atol=1e-4)


def test_an_empty_cluster_stays_where_it_was_and_counts_nothing() -> None:
    start = torch.tensor([[[[0.0], [100.0], [1.0]]]])
    found = cluster(torch.tensor([[[[0.0], [2.0], [1.0], [0.2]]]]), 3, 5, start)
    assert found.partition.sizes.tolist() == [[[2, 0, 2]]]
    assert found.centroids[0, 0, 1] == 100


def test_more_clusters_than_tokens_are_one_for_each() -> None:
    found = cluster(random(1, 1, 5, 2), 9, 3)
    assert found.centroids.shape[2] == 5 and sorted(found.labels[0, 0].tolist()) == [0, 1, 2, 3, 4]


def test_a_warm_start_goes_on_where_the_last_one_ended() -> None:
    tokens = random(1, 2, 60, 3)
    once = cluster(tokens, 5, 2)
    again = cluster(tokens, 5, 2, once.centroids)
    assert torch.allclose(again.centroids, cluster(tokens, 5, 4).centroids)
