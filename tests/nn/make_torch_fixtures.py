"""Makes the fixtures of `test_torch_layers.py`: weights and outputs of layers, from PyTorch.

Run it in an environment with PyTorch and safetensors: ``python tests/nn/make_torch_fixtures.py``.
Each layer gets a file of its state dict, and one of inputs, outputs and gradients; the gradients
are those of sum(output * cotangent).
"""

from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

FOLDER = Path(__file__).parent / "fixtures"
ROWS, LENGTH, KEYS, WIDTH, HEADS = 3, 5, 4, 8, 2


def padding(lengths: list[int], longest: int) -> torch.Tensor:
    """Bool, True beyond each length."""
    return torch.arange(longest)[None, :] >= torch.tensor(lengths)[:, None]


def write(name: str, module: nn.Module, values: dict[str, torch.Tensor]) -> None:
    state = {k: v.detach().clone().contiguous() for k, v in module.state_dict().items()}
    save_file(state, FOLDER / f"{name}.weights.safetensors")
    flat = {k: v.detach().clone().contiguous() for k, v in values.items()}
    save_file(flat, FOLDER / f"{name}.values.safetensors")


def stirred(module: nn.Module) -> nn.Module:
    """Biases and scales that are not all 0 and 1, so that none can be forgotten."""
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return module


def gradients(module: nn.Module, output: torch.Tensor, x: torch.Tensor) -> dict[str, torch.Tensor]:
    cotangent = torch.randn_like(output)
    module.zero_grad()
    x.grad = None
    (output * cotangent).sum().backward(retain_graph=True)
    found = {f"gradient.{n}": p.grad for n, p in module.named_parameters()}
    return {"cotangent": cotangent, "gradient:x": x.grad, **found}


def main() -> None:
    torch.manual_seed(0)
    FOLDER.mkdir(exist_ok=True)
    x = torch.randn(ROWS, LENGTH, WIDTH, requires_grad=True)
    memory = torch.randn(ROWS, KEYS, WIDTH)
    x_padding, memory_padding = padding([5, 3, 4], LENGTH), padding([2, 4, 3], KEYS)
    causal = nn.Transformer.generate_square_subsequent_mask(LENGTH)
    band = torch.triu(torch.ones(LENGTH, LENGTH, dtype=torch.bool), 2)

    module = stirred(nn.MultiheadAttention(WIDTH, HEADS, batch_first=True))
    plain, weights = module(x, x, x)
    each = module(x, x, x, need_weights=True, average_attn_weights=False)[1]
    values = {
        "x": x, "memory": memory, "x_padding": x_padding, "memory_padding": memory_padding,
        "band": band, "causal": causal, "plain": plain, "weights": weights, "each": each,
        "masked": module(x, x, x, key_padding_mask=x_padding, attn_mask=band)[0],
        "added": module(x, x, x, attn_mask=causal)[0],
        "cross": module(x, memory, memory, key_padding_mask=memory_padding)[0],
        **gradients(module, plain, x),
    }  # fmt: skip
    write("multi_head_attention", module, values)

    module = stirred(nn.MultiheadAttention(WIDTH, HEADS, kdim=6, vdim=7, batch_first=True))
    key, value = torch.randn(ROWS, KEYS, 6), torch.randn(ROWS, KEYS, 7)
    write("attention_kdim", module,
          {"x": x, "key": key, "value": value, "plain": module(x, key, value)[0]})  # fmt: skip

    for name, first, activation in (("relu", False, "relu"), ("gelu_first", True, "gelu")):
        layer = nn.TransformerEncoderLayer(
            WIDTH, HEADS, 12, dropout=0.0, activation=activation, batch_first=True,
            norm_first=first,
        )  # fmt: skip
        norm = nn.LayerNorm(WIDTH) if first else None
        module = stirred(nn.TransformerEncoder(layer, 2, norm, enable_nested_tensor=False))
        plain = module(x)
        masked = module(x, src_key_padding_mask=x_padding)
        write(f"encoder_{name}", module, {
            "x": x, "x_padding": x_padding, "plain": plain, "masked": masked,
            "causal": module(x, mask=causal, is_causal=True), **gradients(module, masked, x),
        })  # fmt: skip
        layer = nn.TransformerDecoderLayer(
            WIDTH, HEADS, 12, dropout=0.0, activation=activation, batch_first=True,
            norm_first=first,
        )  # fmt: skip
        norm = nn.LayerNorm(WIDTH) if first else None
        module = stirred(nn.TransformerDecoder(layer, 2, norm))
        hard = torch.triu(torch.ones(LENGTH, LENGTH, dtype=torch.bool), 1)
        masked = module(x, memory, tgt_mask=hard, tgt_key_padding_mask=x_padding,
                        memory_key_padding_mask=memory_padding)  # fmt: skip
        write(f"decoder_{name}", module, {
            "x": x, "memory": memory, "x_padding": x_padding, "memory_padding": memory_padding,
            "plain": module(x, memory), "causal": module(x, memory, tgt_mask=hard),
            "masked": masked, **gradients(module, masked, x),
        })  # fmt: skip

    lengths = torch.tensor([5, 3, 1])
    for name, kind in (("gru", nn.GRU), ("lstm", nn.LSTM)):
        for both in (False, True):
            module = kind(WIDTH, 6, num_layers=2, batch_first=True, bidirectional=both)
            plain, state = module(x)
            packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True)
            cut, cut_state = module(packed)
            cut = nn.utils.rnn.pad_packed_sequence(cut, batch_first=True, total_length=LENGTH)[0]
            start = torch.randn(4 if both else 2, ROWS, 6)
            begin = start if kind is nn.GRU else (start, -start)
            values = {"x": x, "lengths": lengths.int(), "plain": plain, "cut": cut,
                      "start": start.transpose(0, 1), "begun": module(x, begin)[0],
                      **gradients(module, cut, x)}  # fmt: skip
            for label, found in (("state", state), ("cut_state", cut_state)):
                parts = (found,) if kind is nn.GRU else found
                values |= {f"{label}.{i}": p.transpose(0, 1) for i, p in enumerate(parts)}
            write(f"{name}_{'both' if both else 'forward'}", module, values)


if __name__ == "__main__":
    main()
