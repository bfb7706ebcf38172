"""The training pool equals torchvision's, in its values and in the gradient it sends back."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torchvision.ops import MultiScaleRoIAlign

from outfitter.learn.models.roi_align import SeparableRoIAlign

SIZE = (416, 288)
STRIDES = (8, 16, 32)


def maps() -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(0)
    return {
        str(i): torch.rand(2, 5, SIZE[0] // s, SIZE[1] // s, generator=generator).requires_grad_()
        for i, s in enumerate(STRIDES)
    }


def boxes(count: int, seed: int) -> Tensor:
    """Of all sizes and levels, some of them partly or wholly outside, some without an area."""
    corners = torch.rand(count, 2, 2, generator=torch.Generator().manual_seed(seed))
    ends = corners.sort(1).values * torch.tensor([SIZE[1], SIZE[0]]) * 1.6 - 80
    found = ends.reshape(count, 4)
    odd = torch.tensor([[0, 0, SIZE[1], SIZE[0]], [600, 700, 800, 900], [50, 60, 50, 60], [-40, -40, 600, 600.0]])
    return torch.cat([found, odd])


def pooled(kind: type[MultiScaleRoIAlign], chosen: list[Tensor]) -> tuple[Tensor, list[Tensor | None]]:
    pool = kind(["0", "1", "2"], output_size=7, sampling_ratio=2)
    features = maps()
    values = pool(features, chosen, [SIZE] * 2)
    weights = torch.rand(values.shape, generator=torch.Generator().manual_seed(1))
    gradients = torch.autograd.grad((values * weights).sum(), list(features.values()), allow_unused=True)
    return values, [gradients[i] for i in range(len(gradients))]


@pytest.mark.parametrize("counts", [(60, 40), (0, 30)])
def test_it_equals_torchvision(counts: tuple[int, int]) -> None:
    chosen = [boxes(count, seed) for seed, count in enumerate(counts)]
    own, own_gradients = pooled(SeparableRoIAlign, chosen)
    reference, reference_gradients = pooled(MultiScaleRoIAlign, chosen)
    assert torch.allclose(own, reference, atol=1e-5)
    for got, wanted in zip(own_gradients, reference_gradients, strict=True):
        assert got is not None
        assert wanted is not None
        assert torch.allclose(got, wanted, atol=1e-4)


def test_an_image_without_boxes_has_no_rows() -> None:
    chosen = [torch.zeros(0, 4), boxes(3, 2)]
    own, _ = pooled(SeparableRoIAlign, chosen)
    assert own.shape == (7, 5, 7, 7)


def test_without_a_gradient_it_is_torchvisions() -> None:
    chosen = [boxes(20, 3), boxes(20, 4)]
    with torch.no_grad():
        pool = SeparableRoIAlign(["0", "1", "2"], output_size=7, sampling_ratio=2)
        reference = MultiScaleRoIAlign(["0", "1", "2"], output_size=7, sampling_ratio=2)
        assert torch.equal(pool(maps(), chosen, [SIZE] * 2), reference(maps(), chosen, [SIZE] * 2))
