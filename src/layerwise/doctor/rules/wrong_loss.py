"""A loss for numbers on what seems to be classes."""

from __future__ import annotations

from ..case import Case
from ..finding import Finding, Remedy
from ..rule import Rule


class WrongLoss(Rule):
    """The squared distance between class 3 and class 9 means nothing."""

    name = "wrong_loss"
    stage = 1
    title = "a loss for numbers, and a target of classes"
    cause = (
        "a loss for numbers takes class 1 to lie between 0 and 2, and hardly corrects what is sure "
        "and wrong; cross-entropy asks only how probable the right class was"
    )
    guide = "losses"
    source = (
        "AutoTrainer (ICSE 2021), improper loss; Golik, Doetsch & Ney 2013, "
        '"Cross-entropy vs. squared error training"'
    )

    def look(self, case: Case) -> Finding | None:
        """See whether the numbers are class numbers or one-hot rows."""
        target = case.target
        if target.kind == "classes" and target.looks_like == "numbers":
            return self._numbers(case)
        if target.kind != "numbers" or not target.looks_like or case.output != "identity":
            return None
        if target.looks_like == "one-hot rows":
            return self.found(
                "warning",
                f"the loss is {case.loss}, and every row of the target is one-hot: a single 1 "
                "among zeros",
                Remedy(
                    "use softmax and cross-entropy: no activation after the last layer",
                    python="loss='cross_entropy'",
                    changes={"loss": "cross_entropy"},
                ),
            )
        classes = target.distinct
        yes_or_no = classes == 2
        return self.found(
            "warning",
            f"the loss is {case.loss}, and the target has the {classes} values "
            f"{target.low:g} to {target.high:g} only, each of them often",
            Remedy(
                "if these are classes, "
                + (
                    "use a sigmoid's cross-entropy"
                    if yes_or_no
                    else f"let the last layer have {classes} outputs and use cross-entropy"
                ),
                flag=f"--task {'binary' if yes_or_no else 'classes'}",
                python="loss='bce_with_logits'" if yes_or_no else "loss='cross_entropy'",
                changes={"loss": "bce_with_logits"} if yes_or_no else {"as_classes": classes},
            ),
            numbers={"values": classes},
        )

    def _numbers(self, case: Case) -> Finding:
        """Numbers that were taken for classes."""
        used = sum(count > 0 for count in case.target.counts)
        return self.found(
            "warning",
            f"the target has {used} classes with {case.data.rows / used:.0f} rows each on average, "
            "and a regression predicts their numbers: they lie along a line",
            Remedy(
                "if these are numbers, let the last layer have 1 output and use the squared error",
                flag="--task regression",
                python="loss='mse', y.astype(float)",
                changes={"as_numbers": True},
            ),
            title="a loss for classes, and a target of numbers",
            cause=(
                "to cross-entropy every class is equally far from every other, so it learns each "
                "from its few rows alone, and a near miss counts like any other"
            ),
            numbers={"classes": used},
        )
