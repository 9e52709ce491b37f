"""How far the doctor can be trusted: seeded faults, and healthy runs beside them.

A *pair* is two trainings that differ in one thing: the fault. Both use the same rows, the same
architecture, the same seed and the same options otherwise. A faulty run counts as *harmful* only if
its validation rows are predicted worse than by its healthy pair, by more than two standard errors
of the paired difference, or if it diverged. Harm is measured alike for every loss: from
probabilities (log loss and errors) or from numbers (squared error).

Every draw follows from the fault, the half and a number, so a suite can be stopped, continued and
made again. Data sets and architectures are in two halves: rules are tuned on ``tuning`` and judged
on ``scoring``.

    python -m benchmarks.tabular fetch     # real tables, once
    python -m benchmarks.doctor run --jobs 2
    python -m benchmarks.doctor refresh --into new.jsonl.gz
    python -m benchmarks.doctor count      # harmful runs for each fault and strength
    python -m benchmarks.doctor score      # the rules alone, in seconds
    python -m benchmarks.doctor score --trials trials.jsonl.gz
    python -m benchmarks.doctor show --faults plateau --half tuning --wrong

All take ``--out FILE`` (``suite.jsonl.gz``), ``--faults A,B`` and ``--half tuning``.

The file holds what the doctor reads of each run (its case), so `score` judges new rules in seconds
without training again. With ``--trials`` the doctor also tries remedies, as it does for users; what
a trial showed is kept by run and change, so only new changes are tried. After a change of what a
case holds, `refresh` makes the cases again, with one training of each pair; after a change of
`layerwise.doctor.trial`, score into a new file of trials; after a change of training, run again.
"""
