"""A run of the fine-tune: a stopped one goes on as if it had not been."""

from pathlib import Path

import pytest
import torch

from demo_training import network
from demo_training.network import Network
from demo_training.train import Recipe, Trainer

STEPS = 4


@pytest.fixture(autouse=True)
def two_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real network with two layers instead of thirty."""
    monkeypatch.setattr(network, "NUM_LAYERS", 2)


def _trainer(folder: Path) -> Trainer:
    torch.manual_seed(7)
    small = Network()
    for parameter in small.parameters():
        torch.nn.init.normal_(parameter, std=0.05)
    return Trainer(Recipe(), small, folder, torch.float32)


def _update(trainer: Trainer, number: int) -> None:
    """One update with the batch of that number."""
    generator = torch.Generator().manual_seed(number)
    token_ids = torch.randint(0, 49152, (2, 32), generator=generator)
    trainer.update(token_ids, token_ids, torch.zeros_like(token_ids))


def test_a_stopped_run_goes_on_as_if_it_had_not_been_stopped(tmp_path: Path) -> None:
    """Masters, step and the optimizer's state come from the checkpoint."""
    whole = _trainer(tmp_path / "whole")
    start = {name: each.clone() for name, each in whole.masters.items()}
    for number in range(STEPS):
        _update(whole, number)
    (tmp_path / "parts").mkdir()
    first = _trainer(tmp_path / "parts")
    for number in range(STEPS // 2):
        _update(first, number)
    first.save()
    second = _trainer(tmp_path / "parts")
    second.resume()
    for number in range(STEPS // 2, STEPS):
        _update(second, number)
    for name in whole.masters:
        torch.testing.assert_close(second.masters[name], whole.masters[name], rtol=0, atol=0)
        assert not torch.equal(whole.masters[name], start[name])
