"""The transformer of case H as a module of one's own, written in graph functions."""

import layerwise as lw
from layerwise import nn


class Block(nn.Module):
    """Attention and a feed-forward part, each behind a layer norm and beside a shortcut."""

    def __init__(self, width: int, heads: int, inner: int) -> None:
        self.heads = heads
        self.attention_norm, self.forward_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query, self.key, self.value, self.mix = (nn.Linear(width, width) for _ in range(4))
        self.expand, self.contract = nn.Linear(width, inner), nn.Linear(inner, width)

    def split_heads(self, x):
        """(batch, tokens, width) to (batch, heads, tokens, width / heads)."""
        rows, tokens, width = x.shape
        parts = lw.reshape(x, (rows, tokens, self.heads, width // self.heads))
        return lw.transpose(parts, (0, 2, 1, 3))

    def forward(self, x):
        """Shape (batch, tokens, width) in and out."""
        y = self.attention_norm(x)
        query, key, value = (self.split_heads(f(y)) for f in (self.query, self.key, self.value))
        scores = lw.matmul(query, lw.transpose(key, (0, 1, 3, 2))) / float(key.shape[-1]) ** 0.5
        seen = lw.transpose(lw.matmul(lw.softmax(scores), value), (0, 2, 1, 3))
        x = x + self.mix(lw.reshape(seen, x.shape))
        return x + self.contract(lw.gelu(self.expand(self.forward_norm(x))))


class Transformer(nn.Module):
    """Blocks, then a linear layer on the mean over the tokens."""

    def __init__(self, blocks: int, width: int, heads: int, inner: int, classes: int) -> None:
        self.blocks = [Block(width, heads, inner) for _ in range(blocks)]
        self.output = nn.Linear(width, classes)

    def forward(self, x):
        """Logits of the classes, (batch, classes)."""
        for block in self.blocks:
            x = block(x)
        return self.output(lw.mean(x, 1))
