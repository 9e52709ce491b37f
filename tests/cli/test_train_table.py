import json
import re
import signal
import sys
import time

import numpy as np
import pandas as pd
import pytest

import layerwise as lw

from .tables import FAST, customers, packaged

CHURN = ("customers.csv", "--target", "churned", "--drop", "spent", *FAST)
SPENT = ("customers.csv", "--target", "spent", *FAST)


@pytest.fixture
def table(folder):
    """The customers in a CSV file."""
    frame = customers()
    frame.to_csv(folder / "customers.csv", index=False)
    return frame


def flat(text):
    return " ".join(text.split())


def test_it_says_what_it_decided_and_what_came_out(command, folder, table):
    code, out, err = command("train", *CHURN)
    assert (code, err) == (0, "")
    said = flat(out)
    for part in (
        "customers.csv: 160 rows, 9 columns",
        "churned: two classes (two values: no, yes)",
        "binary cross-entropy, because the target has two classes",
        "120 to learn from",
        "40 to test; both have the classes in the same proportions",
        "! customer left out: identifier, all different",
        "% missing",
        "category, 4 values",
        "date, 2020-01",
        "spent left out: dropped, as you asked",
        "1 member trained",
        "networks on pieces 100% (1)",
        "model constant guess",
        "log loss",
        "predicted",
        "model saved in customers.safetensors",
    ):
        assert part in said, part
    assert re.search(r"test accuracy \d+\.\d% \(95% interval .* to .*\) on 40 rows never", said)
    assert [p.name for p in folder.iterdir()] != []
    assert (folder / "customers.safetensors").is_file()


def test_numbers(command, table):
    code, out, err = command("train", *SPENT)
    assert (code, err) == (0, "")
    said = flat(out)
    assert "spent: a number (" in said
    assert "mean squared error, because the target is a number" in said
    for part in ("R2", "RMSE", "MAE", "constant guess"):
        assert part in out
    assert re.search(r"test R2 -?\d\.\d{3} \(95% interval .*\) on 40 rows", said)


@pytest.mark.parametrize("width", [60, 80])
@pytest.mark.parametrize("arguments", [CHURN, (*SPENT, "--cv", "2")])
def test_lines_fit_the_width(process, table, width, arguments):
    out, err = process("train", *arguments, COLUMNS=str(width)).communicate(timeout=120)
    assert err == ""
    assert max(map(len, out.splitlines())) <= width
    assert "\x1b" not in out


def test_json_is_one_object(command, table):
    code, out, err = command("train", *CHURN, "--json", "--seed", 3, "--out", "m.st")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert 0 <= found["test_accuracy"] <= 1
    assert found["test_accuracy_interval"][0] <= found["test_accuracy"]
    assert found["test_accuracy"] <= found["test_accuracy_interval"][1]
    assert found["constant_log_loss"] > 0
    assert (found["test_rows"], found["training_rows"], found["rows"]) == (40, 120, 160)
    assert (found["model"], found["seed"], found["task"]) == ("m.st", 3, "binary")
    assert found["columns"]["town"] == {"role": "category", "reason": "4 values"}
    assert found["columns"]["customer"]["role"] == "identifier"
    assert any("customer" in warning for warning in found["warnings"])
    assert found["classes"] == ["no", "yes"]
    assert sum(each["weight"] for each in found["members"]) == pytest.approx(1)
    assert found["seconds"] > 0
    numbers = json.loads(command("train", *SPENT, "--json")[1])
    assert numbers["test_rmse"] > 0
    assert numbers["test_mae"] > 0
    assert numbers["test_r2"] <= 1
    assert numbers["constant_r2"] <= 0.1


def test_the_figures_are_those_of_the_saved_model(command, folder, table):
    """The test rows that are left, predicted by the file, give what was reported."""
    found = json.loads(command("train", *CHURN, "--json")[1])
    assert (
        found["test_accuracy"] == json.loads(command("train", *CHURN, "--json")[1])["test_accuracy"]
    )
    summary = lw.load("customers.safetensors").summary
    assert summary["tested"]["test_accuracy"] == found["test_accuracy"]
    assert summary["target_column"] == "churned"
    other = json.loads(command("train", *CHURN, "--json", "--seed", "9")[1])
    assert other["test_log_loss"] != found["test_log_loss"]


def test_quiet_says_the_result_only(command, table):
    code, out, _ = command("train", *CHURN, "--quiet")
    assert code == 0
    assert out.startswith("test accuracy")
    assert "\nmodel saved in" in out
    assert len(out.splitlines()) <= 3


@pytest.mark.parametrize(
    ("name", "least"), [("breast_cancer", 0.93), ("wine", 0.93), ("iris", 0.9)]
)
def test_it_learns(command, folder, name, least):
    packaged(name).to_csv(folder / "data.csv", index=False)
    code, out, _ = command("train", "data.csv", "--target", "target", "--preset", "fast", "--json")
    assert code == 0
    assert json.loads(out)["test_accuracy"] >= least


def test_it_learns_numbers(command, folder):
    packaged("diabetes").to_csv(folder / "data.csv", index=False)
    code, out, _ = command("train", "data.csv", "--target", "target", "--preset", "fast", "--json")
    found = json.loads(out)
    assert code == 0
    assert found["task"] == "regression"
    assert found["test_r2"] > 0.25
    assert found["test_rmse"] < found["constant_rmse"]


def test_every_kind_of_member_has_words():
    from layerwise.cli.table.describe import LOSSES
    from layerwise.tabular.kinds import IN_WORDS, KINDS

    assert IN_WORDS.keys() == KINDS.keys()
    assert {"mse", "bce_with_logits", "cross_entropy"} <= LOSSES.keys()


# -- formats ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["t.tsv", "t.csv.gz", "t.parquet", "t.arrow", "t.feather"])
def test_formats(command, folder, name):
    frame = customers()
    if name == "t.tsv":
        frame.to_csv(folder / name, index=False, sep="\t")
    elif name == "t.parquet":
        frame.to_parquet(folder / name)
    elif name.endswith("gz"):
        frame.to_csv(folder / name, index=False)
    else:
        frame.to_feather(folder / name)
    code, out, err = command("train", name, "--target", "churned", *FAST, "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)["rows"] == 160
    assert (folder / "t.safetensors").is_file()


def test_standard_input(command, folder, table, monkeypatch):
    with open("customers.csv", "rb") as file:
        monkeypatch.setattr("sys.stdin", type("Stdin", (), {"buffer": file}))
        code, out, err = command("train", "-", *CHURN[1:], "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)["model"] == "model.safetensors"


# -- measuring -------------------------------------------------------------------------------------


def test_groups_stay_together(command, table):
    found = json.loads(command("train", *CHURN, "--group", "household", "--json")[1])
    assert "household" not in found["columns"]
    assert found["test_rows"] + found["training_rows"] == 160
    code, out, _ = command("train", *CHURN, "--group", "household")
    assert code == 0
    assert "groups in 'household' stay together" in flat(out)


def test_time_tests_on_the_latest(command, table):
    code, out, _ = command("train", *CHURN, "--time", "since")
    assert code == 0
    rows = re.search(
        r"rows (\d+) to learn from, the (\d+) after them .* latest (\d+) to", flat(out)
    )
    assert sum(map(int, rows.groups())) == 160
    assert 35 <= int(rows[3]) <= 45
    found = json.loads(command("train", *CHURN, "--time", "since", "--json")[1])
    assert found["validation_rows"] == int(rows[2])
    assert found["columns"]["since"]["role"] == "date"


def test_a_class_that_comes_late(command, folder, table):
    table.loc[100:110, "churned"] = "paused"
    table.loc[150:, "churned"] = "left"
    table.to_csv(folder / "customers.csv", index=False)
    given = ("train", *CHURN, "--time", "since", "--weight", "household")
    code, out, err = command(*given)
    assert (code, err) == (0, "")
    assert "no row to learn from has the class 'left', so the test rows with it are all" in flat(
        out
    )
    found = json.loads(command(*given, "--json")[1])
    assert found["test_log_loss"] > 0


def test_cross_validation(command, table):
    code, out, err = command("train", *CHURN, "--cv", "3")
    assert (code, err) == (0, "")
    said = flat(out)
    assert "cross-validated in 3 folds; the saved model learns from all" in said
    assert "fold 1 of 3" in said
    assert re.search(r"cross-validated accuracy \d+\.\d% \+- \d+\.\d% \(mean", said)
    found = json.loads(command("train", *CHURN, "--cv", "3", "--group", "household", "--json")[1])
    assert found["folds"] == 3
    assert found["test_rows"] == found["training_rows"] == 160
    assert found["test_accuracy_spread"] >= 0


def test_sample_and_class_weights(command, table):
    plain = json.loads(command("train", *CHURN, "--json")[1])
    weighted = json.loads(command("train", *CHURN, "--weight", "visits", "--json")[1])
    balanced = json.loads(command("train", *CHURN, "--class-weight", "balanced", "--json")[1])
    assert "visits" not in weighted["columns"]
    assert len({f["test_log_loss"] for f in (plain, weighted, balanced)}) == 3


@pytest.mark.parametrize(
    "options",
    [
        ("--ensemble", "3"),
        ("--preset", "best", "--ensemble", "2"),
        ("--preset", "default", "--ensemble", "2"),
        ("--hidden", "none"),
        ("--hidden", "8,8", "--activation", "GELU", "--dropout", "0.2"),
        ("--optimizer", "sgd", "--lr", "0.01", "--schedule", "constant"),
        ("--lr", "find"),
        ("--weight-decay", "0.1", "--batch-size", "16", "--early-stopping", "2"),
        ("--label-smoothing", "0.1"),
        ("--columns", "age,town"),
        ("--categorical", "visits,household"),
        ("--test-size", "0.5"),
        ("--task", "classes"),
        ("--backend", "reference"),
    ],
)
def test_every_option_works(command, table, options):
    code, out, err = command("train", *CHURN[:3], *FAST, "--json", *options)
    assert (code, err) == (0, "")
    found = json.loads(out)
    if options[0] == "--columns":
        used = {name for name, c in found["columns"].items() if c["role"] != "dropped"}
        assert used == {"age", "town"}
    if options[0] == "--categorical":
        assert found["columns"]["visits"]["role"] == "category"
    if options[0] == "--test-size":
        assert found["test_rows"] == 80
    if options[0] == "--ensemble":
        assert found["members"][0]["members"] == 3


def test_a_target_of_whole_numbers(command, folder):
    packaged("iris").to_csv(folder / "iris.csv", index=False)
    given = ("train", "iris.csv", "--target", "target", *FAST)
    code, out, _ = command(*given)
    assert code == 0
    assert "several classes (only 3 different whole numbers; --task regression if" in flat(out)
    found = json.loads(command(*given, "--task", "regression", "--json")[1])
    assert found["task"] == "regression"
    assert lw.load("iris.safetensors").target == "numbers"


# -- bad input -------------------------------------------------------------------------------------

LINES = "a,b,y\n" + "".join(f"{i % 7},{i % 5},{'no' if i % 3 else 'yes'}\n" for i in range(40))


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        (b"", (), "bad.csv is empty"),
        (b"a,b,y\n", (), "bad.csv has a header but no rows"),
        (LINES.replace("3,3,yes", "3,3,4,yes", 1), (), "bad.csv, line 5: expected 3 cells"),
        (LINES.replace("3,3,yes", "3,3", 1), (), "bad.csv, line 5: expected 3 cells"),
        (LINES.replace("a,b,y", "a,a,y"), (), "all named 'a'"),
        (LINES.encode() + b"1,2,\xfc\n", (), "bad.csv, line 42, column 3 ('y'): expected text in"),
        (LINES.replace("3,3,yes", "inf,3,yes", 1), (), "bad.csv, line 5, column 1 ('a'): expected"),
        (LINES, ("--target", "yy"), "no column 'yy' (did you mean 'y'?)"),
        (LINES, ("--group", "bb"), "no column 'bb' (did you mean 'b'?)"),
        (LINES, ("--drop", "bb"), "no column 'bb' (did you mean 'b'?)"),
        (LINES, ("--columns", "zebra"), "no column 'zebra'"),
        (re.sub("yes|no", "", LINES), (), "the target 'y' is missing in every row"),
        (LINES.replace("yes", "no"), (), "the target 'y' is always 'no'"),
        (
            LINES.replace("yes", ""),
            (),
            "the target 'y' is missing in 14 of 40 rows (35%), first in",
        ),
        (LINES, ("--task", "regression"), "line 2, column 'y': --task regression expects numbers"),
        (LINES, ("--target", "a", "--task", "binary"), "has 7 different values"),
        (LINES, ("--time", "y", "--target", "b"), "--time 'y' expects dates"),
        (LINES, ("--weight", "y", "--target", "b"), "--weight 'y' expects numbers"),
        (LINES.replace("3,3,", "-3,3,"), ("--weight", "a"), "line 5, column 'a': --weight expects"),
        (LINES.replace("3,3,", "3,,"), ("--group", "b"), "line 5, column 'b': --group expects a"),
        (LINES, ("--drop", "a,b"), "no column is left to predict 'y' from"),
        (LINES, ("--cv", "41"), "--cv 41 needs at least 41 rows, got 40"),
        (LINES, ("--group", "b", "--cv", "6"), "--cv 6 needs at least 6 groups in 'b', got 5"),
        (
            LINES,
            ("--target", "a", "--task", "regression", "--class-weight", "balanced"),
            "is for c",
        ),
        ("y,when\n" + "1,2020-01-01\n2,2020-01-02\n" * 9, ("--target", "when"), "holds dates"),
    ],
)
def test_bad_data_is_refused(command, folder, content, options, message):
    content = content.encode() if isinstance(content, str) else content
    (folder / "bad.csv").write_bytes(content)
    target = () if "--target" in options else ("--target", "y")
    code, out, err = command("train", "bad.csv", *target, *FAST, *options)
    assert message in err, err
    assert (code, out) == (2, "")
    assert "Traceback" not in err
    assert [p.name for p in folder.iterdir()] == ["bad.csv"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "--target: expected the column to predict"),
        (("--target", "y", "--cv", "1"), "--cv: expected a whole number of at least 2, got 1"),
        (("--target", "y", "--ensemble", "0"), "--ensemble"),
        (("--target", "y", "--test-size", "1"), "--test-size"),
        (("--target", "y", "--test-size", "0"), "--test-size"),
        (("--target", "y", "--preset", "bst"), "did you mean 'best'"),
        (("--target", "y", "--task", "clases"), "did you mean 'classes'"),
        (("--target", "y", "--class-weight", "equal"), "balanced"),
        (("--target", "y", "--time", "a", "--cv", "3"), "--time and --cv cannot be combined"),
        (("--target", "y", "--time", "a", "--group", "b"), "--time and --group cannot be"),
        (("--target", "y", "--group", "y"), "--target and --group are both 'y'"),
        (("--target", "y", "--columns", "y,a"), "cannot be in --columns"),
        (("--target", "y", "--columns", "a,"), "expected names of columns"),
        (("--target", "y", "--columns", "a", "--drop", "a"), "'a' is to be used and in --drop"),
        (("--target", "y", "--resume"), "--resume is for `layerwise train digits`"),
        (("--target", "y", "--lr", "0"), "--lr: expected a number above 0"),
        (("--target", "y", "--lr-picture", "x.png"), "--lr find"),
        (("--target", "y", "--dropout", "1"), "--dropout"),
        (("--target", "y", "--config", "none.toml"), "there is no file none.toml"),
        (("--target", "y"), "there is no file bad.csv"),
    ],
)
def test_a_wrong_command_line(command, folder, arguments, message):
    code, out, err = command("train", "bad.csv", *arguments)
    assert message in err
    assert (code, out) == (2, "")
    assert list(folder.iterdir()) == []


def test_odd_columns_are_said_and_it_goes_on(command, folder):
    frame = customers()
    frame["always"], frame["empty"] = 1, ""
    frame["mixed"] = [*"x", *map(str, range(159))]
    frame["note"] = [f"the customer {i} said a lot on that day" for i in range(160)]
    frame.loc[3, "churned"] = None
    frame.loc[[8, 9], "churned"] = "perhaps"
    frame.to_csv(folder / "customers.csv", index=False)
    code, out, err = command("train", *CHURN)
    assert (code, err) == (0, "")
    said = flat(out)
    for part in (
        "! always left out: constant, always 1",
        "! empty left out: empty, all values are missing",
        "mixed types: 1 of",
        "! note left out: text",
        "1 row lacks the target (first line 5) and is left out",
        "classes of fewer than 5 rows ('perhaps' 2) cannot be divided",
        "several classes",
    ):
        assert part in said, part


def test_an_unwritable_place_is_found_before_training(command, folder, table):
    code, out, err = command("train", *CHURN, "--out", "missing/m.safetensors")
    assert (code, out) == (1, "")
    assert "there is no folder missing" in err


# -- configuration files ---------------------------------------------------------------------------


def test_a_configuration_is_printed_and_read(command, folder, table):
    given = (*CHURN, "--columns", "age,town", "--lr", "0.01")
    given = tuple(x for x in given if x not in ("--drop", "spent"))
    code, out, err = command("train", *given, "--print-config")
    assert (code, err) == (0, "")
    assert not (folder / "customers.safetensors").exists()
    for part in (
        'data = "customers.csv"',
        'target = "churned"',
        'columns = ["age", "town"]',
        "lr = 0.01",
        'cv = "auto"',
        "seed = 0",
        'out = "customers.safetensors"',
        "# The column to predict.",
    ):
        assert part in out.splitlines(), part
    (folder / "c.toml").write_text(out)
    assert command("train", "--config", "c.toml", "--print-config")[1] == out
    whole = json.loads(command("train", *given, "--json")[1])
    again = json.loads(command("train", "--config", "c.toml", "--json")[1])
    assert again | {"seconds": 0} == whole | {"seconds": 0}
    other = command("train", "--config", "c.toml", "--json", "--seed", "5", "--hidden", "4")[1]
    assert json.loads(other)["seed"] == 5


def test_a_configuration_for_digits(command, folder):
    code, out, _ = command("train", "digits", "--epochs", "7", "--print-config")
    assert code == 0
    assert "epochs = 7" in out.splitlines()
    assert 'hidden = "256,128"' in out.splitlines()
    assert "target =" not in out
    (folder / "c.toml").write_text(out)
    assert command("train", "--config", "c.toml", "--print-config")[1] == out


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("target = ", "c.toml is no TOML"),
        ('targt = "y"', "unknown option 'targt'; did you mean 'target'?"),
        ("epochs = 1.5", "expected a whole number as epochs, got 1.5"),
        ("epochs = true", "expected a whole number as epochs"),
        ("columns = [1]", "expected a list of names as columns"),
        ('quiet = "yes"', "expected true or false as quiet"),
        ("[target]\na = 1", "expected text as target"),
        ('task = "sorting"', "--task"),
        ("hidden = [8, 0]", "--hidden"),
    ],
)
def test_a_wrong_configuration(command, folder, content, message):
    (folder / "c.toml").write_text(content)
    target = () if "target" in content else ("--target", "y")
    code, out, err = command("train", "bad.csv", *target, "--config", "c.toml")
    assert message in err
    assert (code, out) == (2, "")


# -- stopping --------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="signals are different there")
@pytest.mark.parametrize("threads", ["1", "2"])
def test_control_c_keeps_what_is_trained(process, folder, table, threads):
    running = process(
        "train", "customers.csv", "--target", "churned", "--epochs", "100000",
        "--early-stopping", "100000", "--threads", threads,
    )  # fmt: skip
    for line in running.stdout:
        if re.match(r" +member 1 ", line):
            break
    running.send_signal(signal.SIGINT)
    sent = time.monotonic()
    out, err = running.communicate(timeout=60)
    assert running.returncode == 130, err
    assert time.monotonic() - sent < 15
    assert "Traceback" not in err
    assert "stopped: what was trained until then is kept" in flat(out)
    model = lw.load(folder / "customers.safetensors")
    assert model.summary["stopped"] == "interrupted"
    assert len(model.predict(table)) == 160


def test_control_c_before_there_is_anything_to_keep(command, folder, table, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("layerwise.cli.table.rows.read_table", interrupted)
    code, out, err = command("train", *CHURN)
    assert (code, out) == (130, "")
    assert err == "layerwise: interrupted before training began; nothing was saved\n"
    assert not (folder / "customers.safetensors").exists()


def test_all_kinds_of_columns_survive_the_file(command, folder):
    """Flags, codes with zeros in front, and categories of many values only."""
    random = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "code": [f"{i:03d}" for i in random.integers(0, 30, 200)],
            "flag": random.choice([True, False], 200),
            "y": random.choice([True, False], 200),
        }
    )
    frame.to_csv(folder / "t.csv", index=False)
    given = ("train", "t.csv", "--target", "y", *FAST, "--categorical", "code", "--json")
    code, out, err = command(*given)
    assert (code, err) == (0, "")
    assert json.loads(out)["classes"] in (["False", "True"], ["false", "true"])
    code, _, err = command("predict", "t.safetensors", "t.csv", "--out", "p.csv")
    assert (code, "unknown" in err or "did not know" in err) == (0, False)
    code, out, err = command(*given, "--columns", "code")
    assert (code, err) == (0, "")
    frame.to_parquet(folder / "t.parquet")
    code, out, err = command("train", "t.parquet", *given[2:])
    assert (code, err) == (0, "")
    assert json.loads(out)["classes"] == ["False", "True"]


def test_a_loss_of_ones_choice(command, table):
    code, out, _ = command("train", *SPENT, "--loss", "quantile(0.9)")
    assert code == 0
    assert "quantile(0.9), as you asked" in flat(out)
    assert lw.load("customers.safetensors").summary["loss"] == "quantile(0.9)"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((*SPENT, "--loss", "hubert"), "did you mean 'huber'"),
        ((*SPENT, "--loss", "cross_entropy"), "is for classes"),
        ((*SPENT, "--loss", "quantile(0.1, 0.9)"), "expected one level"),
        ((*CHURN, "--loss", "mae"), "'churned' has classes"),
    ],
)
def test_a_loss_that_cannot_be(command, table, folder, given, said):
    code, _, err = command("train", *given)
    assert code == 2
    assert said in flat(err)
    assert not (folder / "customers.safetensors").exists()
