"""Who takes part: each contender's module, options and environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from benchmarks.step_time.cases import Case

OURS = "layerwise"


@dataclass(frozen=True)
class Contender:
    """One library in one way of using it, measured in a process of its own.

    ``module`` is a module of this package that has ``prepare(case, **options)``, which returns a
    function that trains one or more epochs and returns the seconds that a step took.
    """

    name: str
    module: str
    options: Mapping[str, object] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    one_thread: bool = False

    def takes(self, case: Case) -> bool:
        """Whether the contender can express the case and is worth timing on it."""
        if self.module == "peer_sklearn" and case.kind != "mlp":
            return False
        return case.try_one_thread or not self.one_thread


ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

CONTENDERS = {
    contender.name: contender
    for contender in [
        Contender(OURS, "ours"),
        Contender("torch eager", "peer_torch"),
        Contender("torch eager, 1 thread", "peer_torch", {}, ONE_THREAD, one_thread=True),
        Contender("torch compile", "peer_torch", {"compiled": True}),
        Contender(
            "torch compile, 1 thread",
            "peer_torch",
            {"compiled": True},
            ONE_THREAD,
            one_thread=True,
        ),
        Contender("jax step", "peer_jax"),
        Contender("jax epoch scan", "peer_jax", {"whole_epoch": True}),
        Contender(
            "jax epoch scan, 1 thread",
            "peer_jax",
            {"whole_epoch": True},
            {"PJRT_NPROC": "1"},
            one_thread=True,
        ),
        Contender("scikit-learn", "peer_sklearn"),
        Contender("scikit-learn, 1 thread", "peer_sklearn", {}, ONE_THREAD, one_thread=True),
    ]
}
