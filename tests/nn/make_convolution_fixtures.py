"""Makes the fixture of `test_convolution_layers.py`: outputs and gradients of layers, from PyTorch.

Run it in an environment with PyTorch: ``python tests/nn/make_convolution_fixtures.py``. It writes
one .npz file: for each case the state dict, the input, the output, a cotangent, and the gradients
of sum(output * cotangent).
"""

from pathlib import Path

import numpy as np
import torch
from torch import nn

CASES = {
    "plain": (nn.Conv2d(2, 3, 3), (2, 2, 6, 5)),
    "same": (nn.Conv2d(1, 2, (2, 3), padding="same"), (2, 1, 5, 4)),
    "strided": (nn.Conv2d(3, 2, (3, 2), stride=(2, 1), padding=(1, 0), bias=False), (2, 3, 7, 4)),
    "dilated": (nn.Conv2d(2, 2, 2, padding=2, dilation=(2, 1)), (2, 2, 5, 5)),
    "single": (nn.Conv2d(4, 3, 1), (2, 4, 3, 3)),
    "patches": (nn.Conv2d(1, 4, 2, stride=2), (2, 1, 4, 6)),
    "max": (nn.MaxPool2d(2), (2, 2, 5, 4)),
    "max_over": (nn.MaxPool2d(3, 2, 1), (2, 2, 5, 6)),
    "mean": (nn.AvgPool2d((2, 3)), (2, 2, 4, 7)),
    "mean_over": (nn.AvgPool2d(3, 1, 1), (2, 2, 4, 4)),
    "global": (nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()), (2, 3, 4, 3)),
    "norm": (nn.BatchNorm2d(3), (4, 3, 3, 2)),
    "net": (
        nn.Sequential(
            nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(4, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(24, 3),
        ),
        (3, 1, 8, 9),
    ),
}  # fmt: skip


def main() -> None:
    torch.manual_seed(0)
    arrays = {}
    for name, (module, shape) in CASES.items():
        for parameter in module.parameters():
            parameter.data.add_(0.1 * torch.randn_like(parameter))
        before = {k: v.detach().clone() for k, v in module.state_dict().items()}
        x = torch.randn(shape, requires_grad=True)
        if name == "max":
            # Equal pixels: the first of a window takes the gradient.
            x = x.detach().round().requires_grad_()
        module.train()
        output = module(x)
        cotangent = torch.randn_like(output)
        (output * cotangent).sum().backward()
        found = {"x": x, "output": output, "cotangent": cotangent, "gradient:x": x.grad}
        found |= {f"weight.{k}": v for k, v in before.items()}
        found |= {f"after.{k}": v for k, v in module.state_dict().items() if "running" in k}
        found |= {f"gradient.{k}": p.grad for k, p in module.named_parameters()}
        arrays |= {f"{name}/{k}": v.detach().numpy() for k, v in found.items()}
    np.savez_compressed(Path(__file__).parent / "fixtures" / "convolution.npz", **arrays)


if __name__ == "__main__":
    main()
