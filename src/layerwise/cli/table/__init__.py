"""The commands `train` and `predict` on tables."""
