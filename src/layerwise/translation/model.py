"""`TranslationModel`: a trained network with its vocabularies."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from ..data.text import check_texts
from ..errors import DataError, OptionError
from .alignment import Alignment, align
from .codec import TextCodec
from .decoders import Decoders
from .measures import Quality, measure
from .network import Sizes, TranslationTransformer
from .recurrent_network import TranslationGRU
from .texts import check_pairs, tidy

NETWORKS = {"transformer": TranslationTransformer, "gru": TranslationGRU}

WIDEST_BEAM = 32


def make_network(kind: str, sizes: Sizes) -> Any:
    """A network with new weights."""
    return NETWORKS[kind](sizes)


@dataclass(eq=False)
class TranslationModel:
    """A network that translates, with all that it takes from text to text.

    Attributes
    ----------
    network : `TranslationTransformer` or `TranslationGRU`.
    source, target : vocabularies.
    ratio, extra : a translation has at most ratio * (tokens of the source) + extra tokens; by what
        was seen in training.
    summary : how it was trained and how good it is: JSON values.
    backend, threads : what runs it; see `layerwise.train`.
    """

    network: Any
    source: TextCodec
    target: TextCodec
    ratio: float = 2.0
    extra: int = 8
    summary: dict[str, Any] = field(default_factory=dict)
    backend: str | None = None
    threads: int | None = None

    @property
    def sizes(self) -> Sizes:
        """Of the network."""
        found: Sizes = self.network.sizes
        return found

    @cached_property
    def decoders(self) -> Decoders:
        """Programs that translate."""
        return Decoders(self.network, self.backend, self.threads)

    def __getstate__(self) -> dict[str, Any]:
        """What is pickled or copied: all but the programs, which are made again."""
        return {name: value for name, value in self.__dict__.items() if name != "decoders"}

    def save(self, path: str | Path) -> None:
        """Write the model to one file, which `load` and `layerwise.load` read."""
        from .file import save

        save(self, path)

    # -- translating -------------------------------------------------------------------------------

    def translate(
        self,
        texts: Sequence[str],
        beam: int = 4,
        length_penalty: float = 0.6,
        max_length: int | None = None,
    ) -> list[str]:
        """Translate texts.

        Parameters
        ----------
        texts : an empty one gives an empty translation. One of more tokens than the network takes
            loses its end, with a warning.
        beam : hypotheses that are followed for each text; 1 is greedy.
        length_penalty : 0 prefers short translations, 1 long ones (Wu et al. 2016, equation 14).
        max_length : tokens of a translation at most; by the source's length when None.

        Raises
        ------
        DataError : something is no text, with its row. OptionError : a beam below 1 or above 32.
        """
        numbers = self.translate_numbers(self.encode(texts), beam, length_penalty, max_length)
        return [self.target.decode(found) for found in numbers]

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Numbers of sources with <eos>, cut to what the network takes."""
        if isinstance(texts, str):
            raise DataError(f"expected several texts, got one, {texts[:40]!r}; give [text]")
        checked = check_texts(texts)
        numbers = self.source.encode_all([tidy(text) for text in checked])
        most = self.sizes.max_length
        cut = [row for row, found in enumerate(numbers) if len(found) > most]
        if cut:
            warnings.warn(
                f"{len(cut):,} of {len(numbers):,} texts (the first is row {cut[0]}) have more "
                f"than the {most} tokens that this model takes, so their ends are not translated; "
                "divide them into sentences",
                UserWarning,
                stacklevel=4,
            )
        return [
            found if len(found) <= most else [*found[: most - 1], found[-1]] for found in numbers
        ]

    def translate_numbers(
        self,
        sources: Sequence[Sequence[int]],
        beam: int = 4,
        length_penalty: float = 0.6,
        max_length: int | None = None,
    ) -> list[list[int]]:
        """Numbers of translations, without <eos>, of numbers of sources; see `translate`."""
        if isinstance(beam, bool) or not isinstance(beam, int) or not 1 <= beam <= WIDEST_BEAM:
            raise OptionError(
                f"beam: expected a whole number from 1 (greedy) to {WIDEST_BEAM}, got {beam!r}"
            )
        if not 0 <= length_penalty <= 5:
            raise OptionError(f"length_penalty: expected from 0 to 5, got {length_penalty!r}")
        if max_length is not None and (not isinstance(max_length, int) or max_length < 1):
            raise OptionError(f"max_length: expected a whole number from 1, got {max_length!r}")
        said = [row for row, source in enumerate(sources) if len(source) > 1]
        limits = [
            min(max_length or math.ceil(self.ratio * len(sources[row])) + self.extra,
                self.sizes.max_length)
            for row in said
        ]  # fmt: skip
        found = self.decoders.translate(
            [sources[row] for row in said], limits, beam, length_penalty
        )
        result: list[list[int]] = [[] for _ in sources]
        for row, numbers in zip(said, found, strict=True):
            result[row] = numbers
        return result

    def measure(
        self, sources: Sequence[str], targets: Sequence[str], beam: int = 4, **options: Any
    ) -> Quality:
        """BLEU, chrF and exact matches of translations of `sources` beside `targets`."""
        left, right = check_pairs(sources, targets)
        return measure(self.translate(left, beam, **options), right)

    # -- looking -----------------------------------------------------------------------------------

    def align(
        self,
        texts: Sequence[str],
        translations: Sequence[str] | None = None,
        layer: int | None = None,
        **options: Any,
    ) -> list[Alignment]:
        """Where each word of a translation looked in its source.

        Parameters
        ----------
        translations : any texts; the model's own when None.
        layer : of the decoder, from 0; the last but one when None, where heads align best (Garg et
            al. 2019, "Jointly learning to align and translate with transformer models").
        options : of `translate`.
        """
        sources = self.encode(texts)
        if translations is None:
            targets = self.translate_numbers(sources, **options)
        else:
            checked = [tidy(text) for text in check_texts(translations)]
            if len(checked) != len(sources):
                raise DataError(
                    f"expected a translation for each of {len(sources)} texts, got {len(checked)}"
                )
            most = self.sizes.max_length
            targets = [numbers[:-1][: most - 1] for numbers in self.target.encode_all(checked)]
        return align(self.network, self.source, self.target, sources, targets, layer, self.backend)
