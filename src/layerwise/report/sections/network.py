"""The layers, as a table."""

from __future__ import annotations

from ..charts.words import count
from ..data import ReportData
from ..page import Block, Omission, Section, Table

MOST_LAYERS = 60


def network_section(data: ReportData) -> Section | Omission:
    """Each layer with its output and weights; members and columns of a table's model."""
    blocks: list[Block] = []
    members = data.summary.get("members")
    if isinstance(members, list):
        blocks.append(
            Table(
                "Members",
                ["kind", "members", "weight", "hidden layers", "epochs (mean)"],
                [
                    [
                        str(m.get("kind")), str(m.get("members")), f"{m.get('weight', 0):.0%}",
                        ", ".join(map(str, m.get("hidden") or [])) or "none", str(m.get("epochs")),
                    ]
                    for m in members
                ],
                "Networks of several kinds predict together; the weight is how much a kind counts.",
            )
        )  # fmt: skip
    columns = data.summary.get("columns")
    if isinstance(columns, list):
        blocks.append(
            Table(
                "What becomes of each column",
                ["column", "used as", "because"],
                [[str(c.get(k) or "") for k in ("name", "role", "reason")] for c in columns],
                folded=len(columns) > 15,
                words=3,
            )
        )
    if data.layers:
        rows = [[x.path, x.layer, x.shape, f"{x.parameters:,}"] for x in data.layers]
        more = len(rows) - MOST_LAYERS
        blocks.append(
            Table(
                "Layers",
                ["path", "layer", "output", "weights"],
                rows[:MOST_LAYERS],
                f"And {more:,} more layers." if more > 0 else "",
                folded=len(rows) > 15,
                words=3,
            )
        )
    if not blocks:
        return Omission("The network", "The model does not say which layers it has.")
    blocks += _settings(data)
    where = f" in {count(len(data.layers), 'layer')}" if data.layers else ""
    lead = f"{count(data.parameters, 'number')} that training has set{where}."
    return Section("network", "The network", lead, blocks)


def _settings(data: ReportData) -> list[Block]:
    """How it was trained, option by option."""
    config = data.summary.get("config") or {}
    rows = [
        [name.replace("_", " "), str(value)]
        for name, value in config.items()
        if value is not None and isinstance(value, str | int | float)
    ]
    if not rows:
        return []
    return [Table("Options of the training", ["option", "value"], rows, words=2, folded=True)]
