"""Translation: pairs of sentences that are made or read from installed packages, and measures."""
