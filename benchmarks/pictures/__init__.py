"""Classifiers of pictures beside the same networks in PyTorch, in one run."""
