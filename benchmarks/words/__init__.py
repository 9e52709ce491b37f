"""Word vectors learned by layerwise and by gensim from one text: words per second, and quality."""
