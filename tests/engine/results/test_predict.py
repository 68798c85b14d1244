"""A trained network's answers: for its sets, files, typed values and new rows."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.cli import main
from engine.errors import DataError, RequestError, RunError
from engine.experiment.experiment import Experiment
from engine.results.asked_rows import RowsAsked, rows_of_file, rows_of_set, rows_of_values
from engine.results.predict import answers, objects, summary_text, text
from engine.results.run import LoadedRun, of_folder
from tests.experiments import CUBIC, FRESH, MINIBATCHES, MOONS, experiment
from tests.trained import recorded

Run = Callable[..., LoadedRun]
Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def trained(tmp_path: Path) -> Run:
    """Trains a run and loads it."""

    def run(spec: Experiment) -> LoadedRun:
        return of_folder(recorded(spec, tmp_path / "runs" / "a-run")[0])

    return run


@pytest.fixture
def command(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Command:
    """Runs the command in a place of its own; gives its status, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("EPOCHAL_RUNS", raising=False)

    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            main(["predict", *arguments])
        code = left.value.code
        return (code if isinstance(code, int) else 0, *capfd.readouterr())

    return run


MOONS_RUN = experiment(MOONS, train={"epochs": 60})
SCALED: dict[str, Any] = {
    **CUBIC,
    "data": {
        "kind": "function",
        "targets": ["10 * x - 50", "x**2"],
        "points": 60,
        "split": [40, 10, 10],
        "scale_inputs": "standard",
        "scale_targets": "range",
    },
}


@pytest.mark.parametrize(
    "spec",
    [
        MOONS_RUN,
        experiment(MINIBATCHES, train={"epochs": 5}),
        experiment(
            {**MOONS, "loss": {"name": "binary_cross_entropy_with_logits"}},
            model={"activation": "tanh", "output_activation": "identity"},
            train={"epochs": 30},
        ),
    ],
    ids=["probability", "classes", "logit"],
)
@pytest.mark.parametrize("name", ["train", "dev"])
def test_the_accuracy_on_a_set_is_that_of_the_result(
    trained: Run, spec: Experiment, name: str
) -> None:
    run = trained(spec)
    told = answers(run, rows_of_set(run, name))
    assert told.figure == ("accuracy", pytest.approx(run.result[f"{name}_accuracy"]))
    assert told.probabilities is not None
    said = [told.certainty(row) for row in range(len(told.outputs))]
    assert min(said) >= 0.5 or spec.outputs > 2
    assert told.weights_step == run.result["best_step"]


@pytest.mark.parametrize("name", ["train", "dev", "test"])
def test_errors_are_in_the_units_of_the_data(trained: Run, name: str) -> None:
    run = trained(experiment(SCALED, train={"steps": 40}))
    told = answers(run, rows_of_set(run, name))
    assert told.rows.targets is not None
    assert told.rows.targets[:, 0].max() < -39
    np.testing.assert_allclose(told.rows.targets[:, 0], 10 * told.rows.inputs[:, 0] - 50, rtol=1e-5)
    assert told.figure == ("rmse", pytest.approx(run.result[f"{name}_rmse"], rel=1e-4))


def test_the_test_set_is_asked_unless_another_is_named(trained: Run) -> None:
    run = trained(MOONS_RUN)
    assert rows_of_set(run, None).source == "the test set, 20 rows"
    assert rows_of_set(run, "train").source == "the train set, 60 rows"


def test_a_run_without_a_test_set_is_asked_about_what_it_was_trained_on(trained: Run) -> None:
    run = trained(experiment(CUBIC, train={"steps": 5}))
    assert rows_of_set(run, None).source == "the train set, 50 rows"
    with pytest.raises(RequestError, match="--set test: the run has no such set; it has train"):
        rows_of_set(run, "test")


def test_fresh_data_is_asked_about_rows_it_was_never_trained_on(trained: Run) -> None:
    run = trained(experiment(FRESH, train={"steps": 20}))
    asked = rows_of_set(run, None)
    assert asked.source == "10 new rows, never trained on"
    np.testing.assert_allclose(asked.targets, asked.inputs.sum(axis=1, keepdims=True), rtol=1e-5)
    np.testing.assert_array_equal(asked.inputs, rows_of_set(run, None).inputs)
    assert len(rows_of_set(run, None, 3).inputs) == 3
    with pytest.raises(RequestError, match="fresh rows"):
        rows_of_set(run, "train")


def test_typed_values_are_rows(trained: Run) -> None:
    run = trained(MOONS_RUN)
    told = answers(run, rows_of_values(run, ["0.5, 1.2", "-1 2e-1"]))
    np.testing.assert_allclose(told.rows.inputs, [[0.5, 1.2], [-1, 0.2]])
    assert told.figure is None
    assert "truth" not in text(told)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("1", r"takes 2 values, x, y \(got 1\)"),
        ("1, 2, 3", r"takes 2 values, x, y \(got 3\)"),
        ("1, b", r"row 1, column 'y': is no number \(got 'b'\)"),
        (
            "1, nan",
            r"row 1, column 'y': is no number \(got 'nan'\) but stands for a missing one; give",
        ),
        ("", r"got 0"),
    ],
)
def test_typed_values_that_do_not_fit_are_refused(trained: Run, typed: str, said: str) -> None:
    run = trained(MOONS_RUN)
    with pytest.raises(RequestError, match=f"--values: .*{said}"):
        rows_of_values(run, [typed])


class TestFiles:
    def test_columns_are_found_by_name_in_any_order(self, trained: Run, tmp_path: Path) -> None:
        run = trained(MOONS_RUN)
        (tmp_path / "a.csv").write_text("y,name,x\n1,a,2\n3,b,4\n")
        asked = rows_of_file(run, tmp_path / "a.csv")
        np.testing.assert_array_equal(asked.inputs, [[2, 1], [4, 3]])
        assert asked.targets is None
        assert asked.source == "a.csv, 2 rows"

    def test_a_column_of_classes_is_what_is_true(self, trained: Run, tmp_path: Path) -> None:
        run = trained(MOONS_RUN)
        own = rows_of_set(run, "test")
        assert own.targets is not None
        cells = zip(*own.inputs.T, own.targets, strict=True)
        lines = [f"{x},{y},{c}" for x, y, c in cells]
        (tmp_path / "a.csv").write_text("\n".join(["x,y,sort", *lines]))
        asked = rows_of_file(run, tmp_path / "a.csv")
        assert answers(run, asked).figure == answers(run, own).figure

    def test_columns_of_numbers_are_what_is_true(self, trained: Run, tmp_path: Path) -> None:
        run = trained(experiment(SCALED, train={"steps": 5}))
        (tmp_path / "a.tsv").write_text("x\tx**2\t10 * x - 50\n0\t0\t-50\n1\t1\t-40\n")
        asked = rows_of_file(run, tmp_path / "a.tsv")
        np.testing.assert_array_equal(asked.targets, [[-50, 0], [-40, 1]])

    def test_arrays_of_an_archive_are_columns(self, trained: Run, tmp_path: Path) -> None:
        run = trained(MOONS_RUN)
        np.savez(tmp_path / "a.npz", x=np.array([1.0, 2]), y=np.array([3.0, 4]))
        asked = rows_of_file(run, tmp_path / "a.npz")
        np.testing.assert_array_equal(asked.inputs, [[1, 3], [2, 4]])

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            ("x,yy\n1,2\n3,4\n", r"lacks 'y' \(did you mean 'yy'\?\); it has: 'x', 'yy'"),
            ("x,y\n1,2\n3,b\n", r"row 3, column 'y': is no number \(got 'b'\)"),
            ("x,y\n1,\n3,4\n", r"row 2, column 'y': is empty; leave its row out"),
            ("x,y\n1,2\n3,inf\n", r"row 3, column 'y'"),
            ("", "is empty"),
        ],
    )
    def test_a_file_that_does_not_fit_is_refused(
        self, trained: Run, tmp_path: Path, content: str, said: str
    ) -> None:
        run = trained(MOONS_RUN)
        (tmp_path / "a.csv").write_text(content)
        with pytest.raises(DataError, match=rf"a\.csv: .*{said}|a\.csv: {said}"):
            rows_of_file(run, tmp_path / "a.csv")

    def test_one_row_is_enough(self, trained: Run, tmp_path: Path) -> None:
        (tmp_path / "a.csv").write_text("x,y\n1,2\n")
        assert rows_of_file(trained(MOONS_RUN), tmp_path / "a.csv").inputs.tolist() == [[1, 2]]

    @pytest.mark.parametrize("names", [None, ["sort", "größe", "y"]])
    @pytest.mark.parametrize("with_targets", [True, False])
    def test_a_file_is_read_as_the_run_s_own_was(
        self, trained: Run, tmp_path: Path, with_targets: bool, names: list[str] | None
    ) -> None:
        rows = [f"{'äb'[n % 2]};{n},25;-{n}" for n in range(12)]
        (tmp_path / "own.csv").write_text("\n".join(rows), "latin-1")
        data = {"kind": "file", "path": str(tmp_path / "own.csv"), "task": "classes"}
        data |= {"separator": ";", "header": False, "decimal": ",", "names": names}
        data |= {"encoding": "latin-1", "targets": [names[0] if names else "column1"]}
        spec = {"data": data, "loss": {"name": "cross_entropy"}, "train": {"steps": 5}}
        run = trained(Experiment.model_validate(spec))
        asked = [row if with_targets else row[2:] for row in rows[:3]]
        (tmp_path / "asked.csv").write_text("\n".join(asked), "latin-1")
        told = rows_of_file(run, tmp_path / "asked.csv")
        assert told.inputs.tolist() == [[0.25, 0], [1.25, -1], [2.25, -2]]
        assert (told.targets is None) is not with_targets

    def test_a_file_that_is_not_there_is_named(self, trained: Run, tmp_path: Path) -> None:
        run = trained(MOONS_RUN)
        with pytest.raises(DataError, match=r"nothing\.csv"):
            rows_of_file(run, tmp_path / "nothing.csv")

    def test_a_network_outlives_the_file_it_learned_from(
        self, trained: Run, tmp_path: Path
    ) -> None:
        file = tmp_path / "own.csv"
        rows = [f"{n % 5},{n % 3},{'no' if n % 2 else 'yes'}" for n in range(24)]
        file.write_text("\n".join(["a,b,c", *rows]))
        data = {"kind": "file", "path": str(file), "task": "classes"}
        tables = {"data": data, "loss": {"name": "cross_entropy"}, "train": {"epochs": 3}}
        run = trained(Experiment.model_validate(tables))
        asked = rows_of_file(run, file)
        assert asked.targets is not None
        file.unlink()
        told = answers(run, rows_of_values(run, ["1 2"]))
        assert told.target_names == ["no", "yes"]
        assert len(run.module()) == 3


def test_many_inputs_are_shown_by_their_first_five(trained: Run) -> None:
    run = trained(experiment(FRESH, data={"kind": "sum", "terms": 7}, train={"steps": 5}))
    told = answers(run, rows_of_set(run, None))
    head, *rows = text(told).splitlines()[:11]
    assert head.split() == ["x1", "x2", "x3", "x4", "x5", "…", "prediction", "target", "error"]
    assert len(rows) == 10
    assert all(len(row.split()) == 9 for row in rows)


def test_several_outputs_have_columns_of_their_own(trained: Run) -> None:
    run = trained(experiment(SCALED, train={"steps": 5}))
    head = text(answers(run, rows_of_set(run, None))).splitlines()[0]
    assert "prediction 10 * x - 50  target 10 * x - 50  error 10 * x - 50" in head
    assert "error x**2" in head


def test_a_long_table_says_how_to_see_all_of_it(trained: Run) -> None:
    run = trained(MOONS_RUN)
    told = answers(run, rows_of_set(run, "train"))
    assert "… 40 more rows; --rows 60 shows all" in text(told)
    assert "more rows" not in text(told, 60)
    assert summary_text(told).endswith(f"(weights of step {told.weights_step}, the best)")


def test_objects_are_json_even_where_numbers_are_none(trained: Run) -> None:
    run = trained(experiment(SCALED, train={"steps": 5}))
    told = answers(run, RowsAsked("a row", np.array([[1e300]])))
    made = [json.loads(json.dumps(each, allow_nan=False)) for each in objects(told)]
    assert [each.get("row") for each in made] == [0, None]


class TestCommand:
    def test_it_prints_a_table_and_a_line(self, trained: Run, command: Command) -> None:
        run = trained(MOONS_RUN)
        status, out, err = command("a-run", "--rows", "3")
        assert (status, err) == (0, "")
        assert out.splitlines()[0].split() == ["x", "y", "class", "probability", "truth", "right"]
        accuracy = f"accuracy {run.result['test_accuracy']:.4f}"
        assert f"a-run: the test set, 20 rows: {accuracy} (weights of step" in out

    def test_json_has_an_object_for_each_row_and_one_for_all(
        self, trained: Run, command: Command
    ) -> None:
        run = trained(MOONS_RUN)
        _, out, _ = command("last", "--set", "dev", "--json")
        *rows, last = map(json.loads, out.splitlines())
        assert len(rows) == last["rows"] == 20
        assert last["accuracy"] == run.result["dev_accuracy"]
        assert np.mean([row["right"] for row in rows]) == last["accuracy"]

    def test_a_file_is_named_after_the_run(
        self, trained: Run, command: Command, tmp_path: Path
    ) -> None:
        trained(MOONS_RUN)
        (tmp_path / "a.csv").write_text("x,y\n1,2\n3,4\n")
        status, out, _ = command("last", "a.csv")
        assert status == 0
        assert "a-run: a.csv, 2 rows (weights of step" in out

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (["nothing"], "nothing"),
            (["last", "--values", "1"], "takes 2 values"),
            (["last", "a.csv", "--values", "1, 2"], "give one of FILE, --values and --set"),
            (["last", "--set", "all"], "test"),
            (["last", "--rows", "0"], "--rows"),
            (["last", "gone.csv"], "gone.csv"),
        ],
        ids=str,
    )
    def test_what_is_wrong_is_said_in_a_line_with_status_2(
        self, trained: Run, command: Command, arguments: list[str], said: str
    ) -> None:
        trained(experiment(MOONS, train={"epochs": 2}))
        status, out, err = command(*arguments)
        assert (status, out) == (2, "")
        assert said in err
        assert "Traceback" not in err


PEOPLE = """age,job,smoker,joined,pay
20,nurse,yes,2024-02-29,1
30,clerk,no,2024-03-01,2
,cook,no,2024-03-02,3
50,clerk,no,,4
60,clerk,yes,2024-03-04,5
"""
COLUMNS: dict[str, Any] = {
    "age": {"missing": "median", "indicator": True},
    "job": {"kind": "category", "values": ["clerk", "nurse"]},
    "smoker": {"kind": "truth"},
    "joined": {"kind": "date", "parts": ["month", "days"], "missing": "drop"},
}


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> LoadedRun:
    """A run on columns of every kind; a row without a date was left out."""
    folder = tmp_path_factory.mktemp("people")
    (folder / "people.csv").write_text(PEOPLE)
    data = {"kind": "file", "path": str(folder / "people.csv"), "task": "numbers"}
    data |= {"columns": COLUMNS, "scale_inputs": "standard", "scale_targets": "standard"}
    spec = {"data": data, "loss": {"name": "mse"}, "train": {"epochs": 20}}
    return of_folder(recorded(Experiment.model_validate(spec), folder / "a-run")[0])


class TestColumns:
    def test_rows_are_counted_as_in_their_file(self, people: LoadedRun, tmp_path: Path) -> None:
        (tmp_path / "new.csv").write_text(PEOPLE)
        told = [*objects(answers(people, rows_of_file(people, tmp_path / "new.csv")))]
        assert [each["row"] for each in told[:-1]] == [0, 1, 2, 4]
        (tmp_path / "new.csv").write_text("age,job,smoker,joined\n1,clerk,no,\n")
        with pytest.raises(DataError, match=r"new\.csv: every row lacks a value"):
            rows_of_file(people, tmp_path / "new.csv")

    def test_the_run_s_own_rows_are_as_its_file_has_them(self, people: LoadedRun) -> None:
        told = answers(people, rows_of_set(people, "train"))
        lines = text(told).splitlines()
        head = ["age", "job", "smoker", "joined", "month", "joined", "days"]
        assert lines[0].split() == [*head, "prediction", "target", "error"]
        assert [line.split()[:3] for line in lines[1:4]] == [
            ["20.00", "nurse", "yes"],
            ["30.00", "clerk", "no"],
            ["(missing)", "(rest)", "no"],
        ]
        assert told.figure == ("rmse", pytest.approx(people.result["train_rmse"], rel=1e-4))

    def test_a_file_s_rows_are_answered_as_the_run_s_own(
        self, people: LoadedRun, tmp_path: Path
    ) -> None:
        (tmp_path / "new.csv").write_text(PEOPLE)
        asked = rows_of_file(people, tmp_path / "new.csv")
        assert asked.source == "new.csv, 4 rows (1 without a value left out)"
        assert asked.places is not None
        assert asked.places.tolist() == [0, 1, 2, 4]
        own = answers(people, rows_of_set(people, "train"))
        np.testing.assert_array_equal(answers(people, asked).outputs, own.outputs)
        np.testing.assert_array_equal(asked.targets, own.rows.targets)

    def test_typed_values_are_cells(self, people: LoadedRun) -> None:
        typed = ["20, nurse, yes, 2024-02-29", ", cook, no, 2024-03-02"]
        told = answers(people, rows_of_values(people, typed))
        own = answers(people, rows_of_set(people, "train"))
        np.testing.assert_array_equal(told.outputs, own.outputs[[0, 2]])
        first, second, summary = objects(told)
        assert first["inputs"] == [20.0, "nurse", "yes", 2.0, 19782.0]
        assert second["inputs"][:2] == ["(missing)", "(rest)"]
        assert summary["rows"] == 2

    @pytest.mark.parametrize(
        ("typed", "said"),
        [
            ("20, nurse, perhaps, 2024-02-29", "column 'smoker': is neither yes nor no"),
            ("20, , yes, 2024-02-29", "column 'job': is empty; give a value"),
            ("20, nurse, yes, 29.2.2024", "column 'joined': is no date as '%Y-%m-%d' has it"),
            ("20, nurse, yes", r"takes 4 values, age, job, smoker, joined \(got 3\)"),
        ],
    )
    def test_cells_that_cannot_be_had_are_refused(
        self, people: LoadedRun, typed: str, said: str
    ) -> None:
        with pytest.raises(RequestError, match=f"--values: .*{said}"):
            rows_of_values(people, [typed])

    def test_in_python_columns_are_given_by_name(self, people: LoadedRun) -> None:
        pandas = pytest.importorskip("pandas")
        columns = {
            "age": [20, None],
            "job": ["nurse", "cook"],
            "smoker": [True, False],
            "joined month": [2, 3],
            "joined days": [19782, 19784],
        }
        own = answers(people, rows_of_set(people, "train")).outputs[[0, 2]]
        np.testing.assert_array_equal(people.predict(columns), own)
        np.testing.assert_array_equal(people.predict(pandas.DataFrame(columns)), own)
        codes = [[20, 1, 1, 2, 19782], [np.nan, 2, 0, 3, 19784]]
        np.testing.assert_array_equal(people.predict(codes), own)
        # A code that stands for nothing is answered by nothing.
        assert np.isnan(people.predict([20, np.nan, 1, 2, 19782])).all()

    def test_what_is_not_known_is_no_target(self, people: LoadedRun, tmp_path: Path) -> None:
        (tmp_path / "new.csv").write_text(PEOPLE.replace("2024-02-29,1", "2024-02-29,"))
        assert rows_of_file(people, tmp_path / "new.csv").targets is None

    def test_rows_come_on_standard_input(
        self, people: LoadedRun, command: Command, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stream = io.TextIOWrapper(io.BytesIO(PEOPLE.encode()))
        monkeypatch.setattr("sys.stdin", stream)
        status, out, _ = command(str(people.folder.path), "-", "--json")
        assert status == 0
        *rows, summary = map(json.loads, out.splitlines())
        assert summary["of"] == "standard-input.csv, 4 rows (1 without a value left out)"
        assert rows[0]["inputs"][:3] == [20.0, "nurse", "yes"]

    def test_a_recording_that_does_not_say_its_columns_is_refused(self, people: LoadedRun) -> None:
        raw = [{"name": "a", "kind": "colour"}]
        for broken in (raw, [{}], [{"name": "a", "values": 5}], [*people.header.raw_columns, *raw]):
            header = replace(people.header, raw_columns=broken)
            with pytest.raises(RunError, match="its recording does not say what was trained"):
                replace(people, header=header).predict([[1, 2, 3, 4, 5]])


@pytest.mark.parametrize("task", ["labels", "shares"])
def test_labels_and_shares_are_said_as_shares(trained: Run, tmp_path: Path, task: str) -> None:
    rows = [f"{n % 5},{n % 3},{n % 2},{1 - n % 2}" for n in range(24)]
    (tmp_path / "own.csv").write_text("\n".join(["a,b,c,d", *rows]))
    data = {"kind": "file", "path": str(tmp_path / "own.csv"), "task": task, "targets": ["c", "d"]}
    loss = {"labels": "binary_cross_entropy_with_logits", "shares": "cross_entropy"}[task]
    tables = {"data": data, "loss": {"name": loss}, "train": {"epochs": 3}}
    run = trained(Experiment.model_validate(tables))
    told = answers(run, rows_of_set(run, "train"))
    assert ((told.outputs > 0) & (told.outputs < 1)).all()
    assert told.figure is not None
    if task == "labels":
        assert told.figure == ("accuracy", pytest.approx(run.result["train_accuracy"]))
    else:
        np.testing.assert_allclose(told.outputs.sum(axis=1), 1)


def test_a_truth_value_that_was_learned_is_what_is_true(trained: Run, tmp_path: Path) -> None:
    rows = [f"{n % 5},{['Y', 'no', 'yes'][n % 3]}" for n in range(24)]
    (tmp_path / "own.csv").write_text("\n".join(["a,ill", *rows]))
    data = {"kind": "file", "path": str(tmp_path / "own.csv"), "task": "classes"}
    data |= {"columns": {"ill": {"kind": "truth"}}}
    tables = {"data": data, "loss": {"name": "cross_entropy"}, "train": {"epochs": 3}}
    run = trained(Experiment.model_validate(tables))
    asked = rows_of_file(run, tmp_path / "own.csv")
    np.testing.assert_array_equal(asked.targets, rows_of_set(run, "train").targets)
    assert answers(run, asked).target_names == ["no", "yes"]


@pytest.mark.parametrize("names", [["a"], ["a", "b", "c"]])
@pytest.mark.parametrize("spec", [MOONS, CUBIC], ids=["classes", "numbers"])
def test_names_of_other_outputs_than_there_are_are_refused(
    trained: Run, spec: dict[str, Any], names: list[str]
) -> None:
    run = trained(experiment(spec, train={"steps": 2, "epochs": None}))
    rows = rows_of_set(run, "train")
    names = names if spec is MOONS else [*names, "d"]
    run = replace(run, header=replace(run.header, target_names=names))
    with pytest.raises(RunError, match="its recording does not say what was trained"):
        answers(run, rows)
