"""Learn word vectors with layerwise; prints one line of JSON."""

import json
import sys
import time

import layerwise as lw


def main() -> None:
    """Read options as JSON, train, save the vectors, and tell how many words per second."""
    options = json.loads(sys.argv[1])
    with open(options["text"], encoding="utf-8") as file:
        sentences = [line.split() for line in file]
    seen = []
    began = time.perf_counter()
    found = lw.words.train(
        sentences,
        options["method"],
        size=options["size"],
        epochs=options["epochs"],
        min_count=options["min_count"],
        seed=options["seed"],
        threads=options["threads"],
        progress=seen.append,
    )
    whole = time.perf_counter() - began
    found.save(options["vectors"], "word2vec-binary")
    words = sum(map(len, sentences)) * options["epochs"]
    print(
        json.dumps(
            {
                # Of all words of the text, as gensim counts them; numbering them is apart.
                "words per second": words / seen[-1].seconds,
                "seconds before": whole - seen[-1].seconds,
                "vectors": options["vectors"],
            }
        )
    )


if __name__ == "__main__":
    main()
