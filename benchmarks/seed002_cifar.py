"""Seed 002's table 1 on CIFAR-10: a WRN-40-2 of one block, alone or beside a teacher (KE).

python benchmarks/seed002_cifar.py cifar-10-batches-bin --block residual
python benchmarks/seed002_cifar.py cifar-10-batches-bin --block "kenet(2, 2)" --teacher residual

The folder is that of cifar-10-binary.tar.gz (cs.toronto.edu/~kriz/cifar.html). The paper's
schedule is the default: 200 epochs of batches of 128, hours on a GPU. It is shipped to be run by
who has one, and no figure of it is claimed; --epochs 1 --frames 512 shows that it works. With a
teacher both networks have knowledge enhancement behind their three groups (eq. 2-4), and L = CE +
1000 * sum of the attention's distance on the enhanced maps (eq. 1, 9). An interrupted training
goes on.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from rich.progress import track
from torch import Tensor, nn
from torch.nn import functional

from thermoscout_core import machine
from thermoscout_core.errors import DatasetError
from thermoscout_core.learning.attention import KnowledgeEnhancement
from thermoscout_core.learning.checkpoint import load_state, save_state
from thermoscout_core.learning.classifiers import WideResNet
from thermoscout_core.learning.compression.distillation.losses import attention_distance

CLASSES, SIDE_PX, PADDING_PX = 10, 32, 4
RECORD_BYTES = 1 + 3 * SIDE_PX**2
TRAIN, TEST = [f"data_batch_{number}.bin" for number in range(1, 6)], ["test_batch.bin"]
MEAN, SPREAD = (125.3, 123.0, 113.9), (63.0, 62.1, 66.7)
MILESTONES, DROP = (0.3, 0.6, 0.8), 0.2
"""Of 200 epochs: 60, 120 and 160 (Zagoruyko and Komodakis 2017)."""
REDUCTION, BETA = 16, 1000.0
PUBLISHED = {
    "residual": (4.79, None),
    "gconv(2)": (5.30, 4.87),
    "gconv(4)": (5.50, 5.00),
    "gconv(8)": (5.92, 5.05),
    "gconv(16)": (6.65, 5.13),
    "bottleneck(2)": (6.36, 5.37),
    "kenet(2, 2)": (7.14, 5.57),
    "kenet(4, 2)": (7.82, 6.58),
    "kenet(8, 2)": (8.40, 6.83),
    "kenet(16, 2)": (8.78, 7.76),
}
"""Block -> error in percent alone and with KE."""


class EnhancedWrn(nn.Module):
    """forward: images -> logits, and the enhanced maps of the three groups."""

    def __init__(self, block: str) -> None:
        super().__init__()
        self.network = WideResNet(block)
        channels = [32, 64, 128]
        self.enhance = nn.ModuleList(KnowledgeEnhancement(c, REDUCTION) for c in channels)

    def forward(self, images: Tensor) -> tuple[Tensor, list[Tensor]]:
        features, maps = self.network.stem(images), []
        for stage, enhance in zip(self.network.stages, self.enhance, strict=True):
            features = enhance(stage(features))
            maps.append(features)
        return self.network.head(self.network.last(features).mean((2, 3))), maps


class PlainWrn(WideResNet):
    """The same without enhancement and maps."""

    def forward(self, images: Tensor) -> tuple[Tensor, list[Tensor]]:
        return super().forward(images), []


def read(folder: Path, names: list[str], frames: int | None) -> tuple[Tensor, Tensor]:
    """Images (N, 3, 32, 32), normalised, and labels (N,). Raises DatasetError."""
    try:
        content = b"".join((folder / name).read_bytes() for name in names)
    except OSError as error:
        raise DatasetError(f"{error.filename}: not the folder of cifar-10-binary") from error
    records = np.frombuffer(content, np.uint8).reshape(-1, RECORD_BYTES)[:frames]
    images = torch.from_numpy(records[:, 1:].reshape(-1, 3, SIDE_PX, SIDE_PX).astype(np.float32))
    mean, spread = (torch.tensor(v).view(1, 3, 1, 1) for v in (MEAN, SPREAD))
    return (images - mean) / spread, torch.from_numpy(records[:, 0].astype(np.int64))


def batches(images: Tensor, labels: Tensor, size: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Shuffled, cropped out of a reflected border, half of them mirrored."""
    padded = functional.pad(images, [PADDING_PX] * 4, mode="reflect")
    for chosen in torch.randperm(len(images)).split(size):
        corners = torch.randint(2 * PADDING_PX + 1, (len(chosen), 2)).tolist()
        crops = zip(chosen.tolist(), corners, strict=True)
        batch = torch.stack(
            [padded[k, :, y : y + SIDE_PX, x : x + SIDE_PX] for k, (x, y) in crops]
        )
        mirrored = (torch.rand(len(batch)) < 0.5)[:, None, None, None]
        yield torch.where(mirrored, batch.flip(3), batch), labels[chosen]


@torch.inference_mode()
def error_percent(network: nn.Module, images: Tensor, labels: Tensor, device: str) -> float:
    network.eval()
    found = [network(part.to(device))[0].argmax(1).cpu() for part in images.split(500)]
    return 100 * float((torch.cat(found) != labels).float().mean())


def train(network: nn.Module, teacher: nn.Module | None, options: argparse.Namespace) -> float:
    """To the end of the schedule, from what lies in the folder; returns the test error, %."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    network.to(device)
    optimiser = torch.optim.SGD(network.parameters(), 0.1, momentum=0.9, weight_decay=5e-4)
    milestones = [round(part * options.epochs) for part in MILESTONES]
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimiser, milestones, DROP)
    parts = {"network": network, "optimiser": optimiser, "schedule": schedule}
    state = options.folder / "state.pt"
    if state.is_file():
        for name, content in load_state(state).items():
            parts[name].load_state_dict(content)
    images, labels = read(options.data, TRAIN, options.frames)
    for epoch in track(range(schedule.last_epoch, options.epochs), "epochs"):
        torch.manual_seed(1_000 * options.seed + epoch)
        network.train()
        for seen, wanted in batches(images, labels, options.batch):
            seen = seen.to(device)
            logits, maps = network(seen)
            loss = functional.cross_entropy(logits, wanted.to(device))
            if teacher is not None:
                with torch.no_grad():
                    _, theirs = teacher.to(device).eval()(seen)
                loss = loss + BETA * attention_distance(maps, theirs)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
        schedule.step()
        save_state(state, {name: part.state_dict() for name, part in parts.items()})
    return error_percent(network, *read(options.data, TEST, options.frames), device)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, help="folder of cifar-10-binary")
    parser.add_argument("--block", default="kenet(2, 2)", choices=PUBLISHED)
    parser.add_argument("--teacher", choices=PUBLISHED, help="block of a teacher; trained first")
    parser.add_argument("--epochs", type=int, default=200)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--frames", type=int, help="only so many, to try it")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, default=Path("runs/seed002_cifar"))
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    teacher = None
    if options.teacher:
        teacher = EnhancedWrn(options.teacher)
        options.folder = _folder(options, f"teacher {options.teacher}")
        print(f"teacher: {train(teacher, None, options):.2f} % error")
    network = EnhancedWrn(options.block) if teacher else PlainWrn(options.block)
    options.folder = _folder(options, f"{options.block} {options.teacher or 'alone'}")
    found = train(network, teacher, options)
    published = PUBLISHED[options.block][teacher is not None]
    record = {"block": options.block, "error": found, "paper": published}
    record |= {"epochs": options.epochs, "frames": options.frames, "machine": machine.describe()}
    (options.folder / "result.json").write_text(json.dumps(record, indent=1))
    print(f"{options.block}: {found:.2f} % error, the paper {published}; {machine.in_words()}")


def _folder(options: argparse.Namespace, name: str) -> Path:
    run = f"{options.epochs}x{options.frames or 'all'}_batch_{options.batch}_seed_{options.seed}"
    folder = options.output / f"{re.sub(r'[^a-z0-9]+', '_', name).strip('_')}_{run}"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


if __name__ == "__main__":
    main()
