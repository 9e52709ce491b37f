"""Learn word vectors with gensim, in its own environment; prints one line of JSON.

This file is run by another Python, which has gensim and no layerwise.
"""

import json
import sys
import time


def main() -> None:
    """Read options as JSON, train, save the vectors, and tell how many words per second."""
    from gensim import __version__
    from gensim.models import Word2Vec
    from gensim.test.utils import datapath

    options = json.loads(sys.argv[1])
    with open(options["text"], encoding="utf-8") as file:
        sentences = [line.split() for line in file]
    model = Word2Vec(
        vector_size=options["size"],
        min_count=options["min_count"],
        sg=int(options["method"] == "skipgram"),
        workers=options["threads"],
        seed=options["seed"],
    )
    began = time.perf_counter()
    model.build_vocab(sentences)
    before = time.perf_counter() - began
    began = time.perf_counter()
    model.train(sentences, total_examples=len(sentences), epochs=options["epochs"])
    seconds = time.perf_counter() - began
    model.wv.save_word2vec_format(options["vectors"], binary=True)
    words = sum(map(len, sentences)) * options["epochs"]
    print(
        json.dumps(
            {
                "words per second": words / seconds,
                "seconds before": before,
                "vectors": options["vectors"],
                "version": __version__,
                "pairs": [datapath(name) for name in ("wordsim353.tsv", "simlex999.txt")],
                "questions": datapath("questions-words.txt"),
            }
        )
    )


if __name__ == "__main__":
    main()
