"""`layerwise train`: its help and its signature; the options themselves are in `train_options`."""

from __future__ import annotations

from ..errors import BEFORE_TRAINING, Ended, nothing_half_done
from . import train_options as option

ABOUT = (
    "Train on a table, texts, pictures, pairs of sentences or the digits, measure the result on "
    "rows that it has never seen, and save it.\n\n"
    "A part of the rows is kept for the test. On a table several networks are trained, each "
    "validated on another part of the other rows, and predict together; on the digits it is one "
    "network, validated on a fifth of them. Ctrl-C stops early and saves what is trained."
)

EXAMPLES = """
Examples:

  layerwise train digits

  layerwise train digits --hidden 512 --dropout 0.4 --epochs 50 --seed 7

  layerwise train digits --optimizer sgd --schedule cosine --early-stopping 10

  layerwise train digits --lr find

  layerwise train digits --lr 3 --fix

  layerwise train digits --report

  layerwise train pairs.tsv --task translate

  layerwise train digits --json --out model.safetensors

  layerwise train customers.csv --target churned

  layerwise train sales.parquet --target amount --time month --drop note,id

  layerwise train customers.csv --target churned --print-config > churn.toml

  layerwise train reviews.csv --target label --text body --vectors glove.6B.50d.txt

  layerwise train --config churn.toml
"""


def train(
    data: option.Data = None,
    target: option.Target = None,
    task: option.Task = None,
    text: option.Text = None,
    columns: option.Columns = None,
    categorical: option.Categorical = None,
    drop: option.Drop = None,
    weight: option.Weight = None,
    class_weight: option.ClassWeight = None,
    source_column: option.SourceColumn = None,
    target_column: option.TargetColumn = None,
    vectors: option.Vectors = None,
    train_vectors: option.TrainVectors = None,
    preset: option.Preset = None,
    ensemble: option.Ensemble = None,
    hidden: option.Hidden = None,
    architecture: option.Architecture = None,
    vocabulary: option.Vocabulary = None,
    activation: option.Activation = None,
    dropout: option.Dropout = None,
    stream: option.Stream = None,
    test_size: option.TestSize = None,
    cv: option.Cv = None,
    group: option.Group = None,
    time: option.Time = None,
    epochs: option.Epochs = None,
    batch_size: option.BatchSize = None,
    optimizer: option.Optimizer = None,
    lr: option.Lr = None,
    lr_picture: option.LrPicture = None,
    schedule: option.Schedule = None,
    loss: option.Loss = None,
    weight_decay: option.WeightDecay = None,
    label_smoothing: option.LabelSmoothing = None,
    early_stopping: option.EarlyStopping = None,
    seed: option.Seed = None,
    checkpoint: option.Checkpoint = None,
    resume: option.Resume = None,
    threads: option.Threads = None,
    backend: option.Backend = None,
    doctor: option.Doctor = None,
    fix: option.Fix = None,
    probes: option.Probes = None,
    out: option.Out = None,
    report: option.Report = None,
    config: option.Config = None,
    print_config: option.PrintConfig = False,
    quiet: option.Quiet = None,
    json: option.Json = None,
) -> int:
    """Do `layerwise train`; gives the exit code."""
    said = {
        name: value
        for name, value in locals().items()
        if name not in ("data", "config", "print_config")
    }
    with nothing_half_done(BEFORE_TRAINING):
        from ..start import start_training

        return Ended(start_training(data, said, config, print_config))
