"""Benchmarks of layerwise against other neural-network libraries."""
