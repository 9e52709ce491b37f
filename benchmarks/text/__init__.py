"""Classification of real texts beside TF-IDF + logistic regression, PyTorch and JAX."""
