"""Microseconds per whole training step, side by side with other libraries.

One step is everything a minibatch costs: gathering its rows from the data by a shuffled
permutation, the forward pass, the backward pass and the Adam update, in float32.

Run ``python -m benchmarks.step_time`` from the root of the repository, with the letters of the
cases to restrict it to them, for example ``python -m benchmarks.step_time A B --repeats 21``.
"""
