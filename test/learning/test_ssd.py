"""Outputs and misuse of the SSD; its counts are in test_counts.py."""

import pytest

torch = pytest.importorskip("torch")

from thermoscout_core.errors import ModelError  # noqa: E402
from thermoscout_core.learning.design import Architecture, Design  # noqa: E402
from thermoscout_core.learning.reference import SSDS  # noqa: E402
from thermoscout_core.learning.ssd import Ssd  # noqa: E402


def test_outputs_are_1917_priors_of_21_classes() -> None:
    with torch.device("meta"):
        network = SSDS["mobilenet_v1_ssd300"].build(20).eval()
        offsets, logits = network(torch.empty(2, 3, 300, 300))
    assert offsets.shape == (2, 1917, 4) and logits.shape == (2, 1917, 21)


def test_each_map_needs_its_number_of_priors() -> None:
    with torch.device("meta"), pytest.raises(ModelError, match="5 sets of priors for 6 feature"):
        Ssd(Design(), 20, (3, 6, 6, 6, 6))


@pytest.mark.parametrize(
    ("design", "message"),
    [
        (Design(backbone="resnext"), "backbone 'resnext' is unknown; there are mobilenet_v1"),
        (Design(head="round"), "head 'round' is unknown"),
        (Design(extra="round"), "extra 'round' is unknown"),
    ],
)
def test_unknown_parts_are_named(design: Design, message: str) -> None:
    with torch.device("meta"), pytest.raises(ModelError, match=message):
        Ssd(design, 20, (3, 6, 6, 6, 6, 6))


def test_files_from_before_a_choice_existed_take_its_default() -> None:
    architecture = SSDS["mobilenet_v1_ssd300"].architecture(("insulator",))
    content = architecture.as_dict()
    for newer in ("extra", "block", "widths", "depths", "attention_reduction"):
        del content[newer]
    assert Architecture.from_dict(content) == architecture
