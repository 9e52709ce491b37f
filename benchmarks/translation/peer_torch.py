"""The same translator in PyTorch; run by an interpreter that has it, on arrays from a folder.

    python -m benchmarks.translation.peer_torch FOLDER train|speed|decode|translate

`FOLDER/setup.json` has sizes and options, `FOLDER/rows.npz` the rows, all made by the benchmark, so
both sides see the same tokens, lengths, batches, schedule and number of steps. Prints one line of
JSON; `speed` takes turns of "eager" and "compiled", see `benchmarks.turns`. Nothing of layerwise is
imported.
"""

from __future__ import annotations

import itertools
import json
import math
import sys
import time
import warnings
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from benchmarks import turns

warnings.filterwarnings("ignore", message=".*nested.tensor.*")

PADDING, UNKNOWN, BEGIN, END = range(4)


def positions(length: int, features: int) -> torch.Tensor:
    rates = 10000.0 ** (-np.arange(0, features, 2) / features)
    angles = np.arange(length)[:, None] * rates[None]
    table = np.stack([np.sin(angles), np.cos(angles)], -1).reshape(length, features)
    return torch.tensor(table, dtype=torch.float32)


class Translator(nn.Module):
    """`layerwise.translation.TranslationTransformer`, from PyTorch's own parts."""

    def __init__(self, sizes: dict) -> None:
        super().__init__()
        d = self.features = sizes["features"]
        self.heads = sizes["heads"]
        self.target = nn.Embedding(sizes["target_tokens"], d)
        nn.init.normal_(self.target.weight, std=d**-0.5)
        self.source = self.target
        if not sizes["shared"]:
            self.source = nn.Embedding(sizes["source_tokens"], d)
            nn.init.normal_(self.source.weight, std=d**-0.5)
        self.transformer = nn.Transformer(
            d, sizes["heads"], sizes["layers"], sizes["layers"], sizes["hidden"], sizes["dropout"],
            batch_first=True, norm_first=True,
        )  # fmt: skip
        self.dropout = nn.Dropout(sizes["dropout"])
        self.register_buffer("table", positions(sizes["max_length"], d), persistent=False)

    def embed(self, table: nn.Embedding, tokens: torch.Tensor, first: int = 0) -> torch.Tensor:
        """Vectors of tokens at positions from `first` on."""
        x = table(tokens) * math.sqrt(self.features)
        return self.dropout(x + self.table[first : first + tokens.shape[1]])

    def forward(self, source: torch.Tensor, before: torch.Tensor) -> torch.Tensor:
        """Logits of each next token."""
        padding = source == PADDING
        length = before.shape[1]
        causal = torch.ones(length, length, dtype=torch.bool).triu(1)
        y = self.transformer(
            self.embed(self.source, source), self.embed(self.target, before), tgt_mask=causal,
            src_key_padding_mask=padding, memory_key_padding_mask=padding, tgt_is_causal=True,
        )  # fmt: skip
        return y @ self.target.weight.T

    # -- decoding with a cache of keys and values --------------------------------------------------

    def split(self, x: torch.Tensor) -> torch.Tensor:
        """(rows, length, features) to (rows, heads, length, features of a head)."""
        return x.view(x.shape[0], -1, self.heads, self.features // self.heads).transpose(1, 2)

    def project(self, attention: nn.MultiheadAttention, x: torch.Tensor, a: int, b: int) -> list:
        """Projections a to below b of queries, keys and values."""
        d = self.features
        y = functional.linear(
            x, attention.in_proj_weight[a * d : b * d], attention.in_proj_bias[a * d : b * d]
        )
        return [self.split(part) for part in y.chunk(b - a, -1)]

    def begin(self, source: torch.Tensor, beam: int) -> tuple[list, torch.Tensor, list]:
        """What decoding needs of the source."""
        padding = source == PADDING
        memory = self.transformer.encoder(
            self.embed(self.source, source), src_key_padding_mask=padding
        )
        memory = memory.repeat_interleave(beam, 0)
        seen = ~padding.repeat_interleave(beam, 0)[:, None, None]
        layers = self.transformer.decoder.layers
        fixed = [self.project(layer.multihead_attn, memory, 1, 3) for layer in layers]
        return fixed, seen, [None for _ in layers]

    def step(self, token, position, fixed, seen, caches):
        """Logits of the next token."""
        x = self.embed(self.target, token[:, None], position)
        for k, layer in enumerate(self.transformer.decoder.layers):
            q, key, value = self.project(layer.self_attn, layer.norm1(x), 0, 3)
            if caches[k] is not None:
                key = torch.cat([caches[k][0], key], 2)
                value = torch.cat([caches[k][1], value], 2)
            caches[k] = (key, value)
            found = functional.scaled_dot_product_attention(q, key, value)
            x = x + layer.self_attn.out_proj(found.transpose(1, 2).flatten(2))
            (q,) = self.project(layer.multihead_attn, layer.norm2(x), 0, 1)
            found = functional.scaled_dot_product_attention(q, *fixed[k], attn_mask=seen)
            x = x + layer.multihead_attn.out_proj(found.transpose(1, 2).flatten(2))
            x = x + layer.linear2(functional.relu(layer.linear1(layer.norm3(x))))
        logits = self.transformer.decoder.norm(x)[:, 0] @ self.target.weight.T
        logits[:, [PADDING, UNKNOWN, BEGIN]] = -1e9
        return logits

    @torch.inference_mode()
    def translate(self, source: torch.Tensor, longest: int, beam: int, alpha: float) -> list:
        """Greedy or beam search, as layerwise does it."""
        count = len(source)
        fixed, seen, caches = self.begin(source, beam)
        token = torch.full((count * beam,), BEGIN)
        if beam == 1:
            done = torch.zeros(count, dtype=torch.bool)
            written = []
            for position in range(longest):
                token = self.step(token, position, fixed, seen, caches).argmax(-1)
                token = torch.where(done, PADDING, token)
                done |= token == END
                written.append(token)
                if done.all():
                    break
            return torch.stack(written, 1).tolist()
        score = torch.full((count, beam), -1e30)
        score[:, 0] = 0
        rank, finished = score.clone(), torch.zeros(count, beam, dtype=torch.bool)
        tokens = torch.empty(count * beam, 0, dtype=torch.long)
        first = torch.arange(count)[:, None] * beam
        for position in range(longest):
            logs = self.step(token, position, fixed, seen, caches).log_softmax(-1)
            size = logs.shape[-1]
            over = ((6.0 + position) / 6.0) ** alpha
            going = (score[..., None] + logs.view(count, beam, size)) / over
            staying = torch.full_like(going, -1e30)
            staying[..., PADDING] = rank
            going = torch.where(finished[..., None], staying, going)
            rank, place = going.view(count, -1).topk(beam)
            parent, new = place // size, place % size
            score = rank * over
            finished = finished.gather(1, parent) | (new == END)
            finished |= finished[:, :1].clone()
            origin = (first + parent).view(-1)
            token = new.view(-1)
            tokens = torch.cat([tokens[origin], token[:, None]], 1)
            caches = [(k[origin], v[origin]) for k, v in caches]
            if finished.all():
                break
        return tokens.view(count, beam, -1)[:, 0].tolist()


def rate_at(step: int, total: int, peak: float, warmup: float, final: float) -> float:
    warm = round(warmup * total)
    if step < warm:
        return peak * (step + 1) / warm
    share = (step - warm) / max(total - warm, 1)
    return peak * (final + (1 - final) * (1 + math.cos(math.pi * share)) / 2)


class Trainer:
    """A network with its optimiser and rows."""

    def __init__(self, setup: dict, rows: dict, compiled: bool = False) -> None:
        torch.manual_seed(setup["seed"])
        self.setup, self.net = setup, Translator(setup["sizes"])
        self.loss = nn.CrossEntropyLoss(ignore_index=PADDING, label_smoothing=setup["smoothing"])
        # The loss is compiled too: its softmax over all tokens is a good part of a step.
        self.call = torch.compile(self.loss_of) if compiled else self.loss_of
        self.optimizer = torch.optim.Adam(
            self.net.parameters(), betas=(0.9, 0.98), eps=1e-9, fused=True
        )
        self.parts = [
            tuple(torch.tensor(rows[f"{name}{k}"]).long() for name in ("source", "before", "after"))
            for k in range(setup["parts"])
        ]

    def loss_of(
        self, source: torch.Tensor, before: torch.Tensor, after: torch.Tensor
    ) -> torch.Tensor:
        """Mean over the tokens of these rows."""
        return self.loss(self.net(source, before).flatten(0, 1), after.flatten())

    def step(self, part: int, rows: torch.Tensor, rate: float) -> float:
        """One training step; gives the loss."""
        source, before, after = (array[rows] for array in self.parts[part])
        self.optimizer.param_groups[0]["lr"] = rate
        loss = self.call(source, before, after)
        self.optimizer.zero_grad()
        loss.backward()
        if self.setup["clip"]:
            nn.utils.clip_grad_norm_(self.net.parameters(), self.setup["clip"])
        self.optimizer.step()
        return float(loss.detach())

    def plan(self, epoch: int) -> list:
        """The minibatches of an epoch."""
        draw = np.random.default_rng([self.setup["seed"], epoch])
        size, found = self.setup["batch_size"], []
        for part, (source, _, _) in enumerate(self.parts):
            order = draw.permutation(len(source))
            found += [(part, torch.tensor(order[i : i + size])) for i in range(0, len(order), size)]
        draw.shuffle(found)
        return found


def train(setup: dict, rows: dict) -> dict:
    trainer = Trainer(setup, rows)
    held = [torch.tensor(rows[n]).long() for n in ("held_source", "held_before", "held_after")]
    total, done = setup["epochs"] * len(trainer.plan(0)), 0
    began, best, kept = time.perf_counter(), math.inf, None
    for epoch in range(setup["epochs"]):
        trainer.net.train()
        for part, index in trainer.plan(epoch):
            rate = rate_at(done, total, setup["rate"], setup["warmup"], 0.01)
            trainer.step(part, index, rate)
            done += 1
        trainer.net.eval()
        with torch.inference_mode():
            losses, counts = [], []
            for i in range(0, len(held[0]), 256):
                source, before, after = (array[i : i + 256] for array in held)
                logits = trainer.net(source, before)
                losses.append(float(trainer.loss(logits.flatten(0, 1), after.flatten())))
                counts.append(int((after != PADDING).sum()))
        loss = float(np.average(losses, weights=counts))
        print(f"epoch {epoch + 1}: held-out loss {loss:.4f}", file=sys.stderr, flush=True)
        if loss < best:
            best = loss
            kept = {name: value.clone() for name, value in trainer.net.state_dict().items()}
    seconds = time.perf_counter() - began
    trainer.net.load_state_dict(kept)
    return {"seconds": seconds, "loss": best, "translations": decode_all(trainer.net, setup, rows)}


def decode_all(net: Translator, setup: dict, rows: dict) -> list:
    """Translations in batches of sources of about the same length."""
    net.eval()
    source = torch.tensor(rows["test_source"]).long()
    lengths = (source != PADDING).sum(1)
    order = torch.argsort(lengths, stable=True).tolist()
    found: list[list[int]] = [[] for _ in order]
    for i in range(0, len(order), 64):
        places = order[i : i + 64]
        part = source[places, : int(lengths[places].max())]
        written = net.translate(part, setup["longest"], setup["beam"], setup["alpha"])
        for place, tokens in zip(places, written, strict=True):
            found[place] = tokens
    return found


def translate(setup: dict, rows: dict) -> dict:
    """Seconds for all sources with given weights, and the translations, for each beam."""
    net = Translator(setup["sizes"])
    net.load_state_dict(first_weights(net, rows))
    found = {}
    for beam in setup["beams"]:
        seconds = []
        for _ in range(setup["repeats"] + 1):
            began = time.perf_counter()
            written = decode_all(net, setup | {"beam": beam}, rows)
            seconds.append(time.perf_counter() - began)
        found[beam] = {"seconds": seconds, "translations": written}
    return found


def speed(setup: dict, rows: dict) -> None:
    """Turns of training, from the weights that all contenders begin with."""

    def make(compiled: bool) -> turns.Way:
        trainer = Trainer(setup, rows, compiled)
        trainer.net.load_state_dict(first_weights(trainer.net, rows))
        trainer.net.train()
        epochs = itertools.count()

        def epoch() -> float:
            return float(
                np.mean([trainer.step(*each, 1e-3) for each in trainer.plan(next(epochs))])
            )

        return turns.Way(sum(p.numel() for p in trainer.net.parameters()), epoch)

    turns.answer({"eager": partial(make, False), "compiled": partial(make, True)})


def first_weights(net: Translator, rows: dict) -> dict:
    return {name: torch.tensor(rows[f"w:{name}"]) for name in net.state_dict()}


def decode(setup: dict, rows: dict) -> dict:
    """Written tokens in a second, all sentences to the same length."""
    torch.manual_seed(0)
    net = Translator(setup["sizes"])
    net.load_state_dict(first_weights(net, rows))
    net.eval()
    source = torch.tensor(rows["test_source"]).long()
    found = {}
    for beam in setup["beams"]:
        for count in setup["counts"]:
            part, speeds = source[:count], []
            net.translate(part, setup["longest"], beam, setup["alpha"])
            for _ in range(setup["repeats"]):
                began = time.perf_counter()
                written = net.translate(part, setup["longest"], beam, setup["alpha"])
                seconds = time.perf_counter() - began
                speeds.append(sum(1 for r in written for t in r if t != PADDING) / seconds)
            found[f"beam {beam}, {count} sentences"] = speeds
    return found


WHAT = {"train": train, "decode": decode, "translate": translate}


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    given = json.loads((folder / "setup.json").read_text())
    if given.get("threads"):
        torch.set_num_threads(given["threads"])
    arrays = dict(np.load(folder / "rows.npz"))
    if sys.argv[2] == "speed":
        speed(given, arrays)
    else:
        print(json.dumps(WHAT[sys.argv[2]](given, arrays)))
