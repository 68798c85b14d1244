"""A run as one page: nothing in it acts, nothing is fetched, and it says what the run says."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from engine.experiment.experiment import Experiment
from engine.exports.export import Export
from engine.exports.facts import facts_of, without_folders
from engine.exports.page import page_of
from engine.exports.slide import slide_of
from engine.presets import preset as presets
from engine.recording.events import End, Header, Series
from engine.recording.history import History
from engine.recording.loading import load_history
from engine.runs.folder import RunFolder
from tests.browsers import opened
from tests.hostile import MARKER, TEXTS
from tests.runs import header
from tests.trained import recorded, whole

OURS = {
    *("html", "head", "meta", "title", "style", "script", "body", "header", "main", "footer"),
    *("nav", "section", "figure", "div", "span", "h1", "h2", "p", "br", "strong", "code", "pre"),
    *("table", "tbody", "tr", "th", "td", "ul", "ol", "li", "details", "summary"),
    *("button", "input", "output", "svg", "g", "path", "text", "tspan", "line", "image"),
    *("rect", "clippath", "animate"),
}
"""The elements of a page and of a slide."""


class Elements(HTMLParser):
    """What a browser would make of a text: elements with their attributes, and the texts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {key: value or "" for key, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def strangers(text: str) -> Iterator[str]:
    """Yield what stands in a page or a slide that may act or fetch."""
    for tag, attributes in Elements(text).elements:
        if tag not in OURS:
            yield tag
        for key, value in attributes.items():
            if key.startswith("on") or key in ("style", "src", "action", "formaction"):
                yield f"{tag} {key}"
            is_picture = value.startswith("data:image/png;base64,")
            if "href" in key and not (tag == "image" and is_picture):
                yield f"{tag} {key}={value}"
            if "url(" in value and not value.startswith("url(#plot-"):
                yield f"{tag} {key}={value}"


def said_in(text: str) -> str:
    return "".join(Elements(text).texts)


def test_no_text_of_a_run_becomes_anything_but_text(hostile: Export) -> None:
    for text in (page_of(hostile), slide_of(hostile)):
        assert list(strangers(text)) == []
        assert not re.search("[\u2028\u2029\u202e\x00]", text)
    page = page_of(hostile)
    assert [tag for tag, _ in Elements(page).elements].count("script") == 2
    for each in TEXTS[:3]:
        assert each in said_in(page)


def test_no_column_figure_or_ending_that_a_recording_names_becomes_more_than_text() -> None:
    columns = {"train": [TEXTS[0], f"norm/{TEXTS[1]}"], TEXTS[2]: [TEXTS[3]]}
    values = np.array([[0.5, 1.0], [0.5, 2.0]], np.float32)[:, :, None]
    result = {"test_accuracy": TEXTS[1], TEXTS[0]: 1.0, "confusion": [[TEXTS[2], 0], TEXTS[1]]}
    events = [
        header(columns=columns, target_names=[*TEXTS[:2]], run=TEXTS[4]),
        Series(group="train", first=1, values=values),
        Series(group=TEXTS[2], first=1, values=values[:1]),
        End(step=2, status=TEXTS[0], reason=TEXTS[1], result=result),  # type: ignore[arg-type]
    ]
    export = export_of(History(events))
    for text in (page_of(export), slide_of(export)):
        assert list(strangers(text)) == []
        assert "script><script>" in said_in(text)
    ElementTree.fromstring(slide_of(export))


def test_a_page_says_what_a_browser_may_run(hostile: Export) -> None:
    page = page_of(hostile)
    (policy,) = (
        attributes["content"]
        for tag, attributes in Elements(page).elements
        if attributes.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    for tag in ("style", "script"):
        (body,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


def test_in_a_browser_the_page_works_and_nothing_of_the_run_acts(
    hostile: Export, tmp_path: Path
) -> None:
    path = tmp_path / "page.html"
    path.write_text(page_of(hostile), "utf-8")
    page = opened(path)
    assert list(strangers(page)) == []
    assert f"<title>{MARKER}" not in page
    # Its own program ran, within the policy: it shows the scrubber.
    assert re.search(r'<nav class="scrubber"[^>]*aria-label="Steps">', page)
    assert "step 30 of 30" in said_in(page)


def test_in_a_browser_the_slide_is_a_picture_and_nothing_of_the_run_acts(
    hostile: Export, tmp_path: Path
) -> None:
    path = tmp_path / "slide.svg"
    path.write_text(slide_of(hostile), "utf-8")
    slide = opened(path)
    assert list(strangers(slide)) == []
    assert slide.count("<animate ") == slide_of(hostile).count("<animate ")
    assert f"<title>{MARKER}" not in slide


def test_in_a_browser_it_is_moved_through(hostile: Export, tmp_path: Path) -> None:
    moved = (
        "<script>slider.value = 10; slider.dispatchEvent(new Event('input'));"
        "document.title = [...document.querySelectorAll('.frame[visibility=visible]')]"
        ".map((frame) => frame.dataset.step).join() + ' ' + "
        "document.querySelector('.value').textContent</script>"
    )
    page = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page_of(hostile))
    path = tmp_path / "page.html"
    path.write_text(page.replace("</body>", f"{moved}</body>"), "utf-8")
    page = opened(path)
    loss = float(hostile.history.series["train"].value("loss", 10))
    assert f"<title>10 {loss:.4}" in page
    (x,) = {
        float(attributes["x1"])
        for _, attributes in Elements(page).elements
        if attributes.get("class") == "cursor"
    }
    assert x == pytest.approx(62 + (470 - 62 - 26) / 3)


def test_a_notebook_shows_a_run_and_nothing_of_it_acts_or_touches_the_notebook(
    hostile: Export,
) -> None:
    html, svg = hostile.run._repr_html_(), hostile.run._repr_svg_()
    assert list(strangers(html)) == []
    assert list(strangers(svg)) == []
    ElementTree.fromstring(svg)
    assert TEXTS[0] in said_in(html)
    assert "0.6452" in said_in(html)
    (sheet,) = re.findall("<style>(.*?)</style>", html)
    rules = re.findall(r"([^{}]+)\{", sheet)
    assert {rule.split()[0].split(".")[1] for rule in rules} == {"epochal-run"}


def test_the_block_of_numbers_is_json_that_ends_nothing(hostile: Export) -> None:
    (block,) = re.findall(
        r'<script type="application/json" id="curves">(.*?)</script>', page_of(hostile)
    )
    assert not re.search("[<>&]", block)
    told = json.loads(block)
    assert told["last"] == 30
    assert told["charts"][0][0]["steps"][:2] == [1, 2]


def test_a_slide_is_xml_that_moves_and_holds_still_where_nothing_does(hostile: Export) -> None:
    slide = slide_of(hostile)
    ElementTree.fromstring(slide)
    frames = re.findall(r'<g class="frame( last)?" data-step="(\d+)" visibility="(\w+)">', slide)
    assert frames[-1] == (" last", "30", "visible")
    assert {shown for last, _, shown in frames if not last} == {"hidden"}
    assert slide.count("<animate ") > len(frames)


def experiment(name: str, *changes: str) -> Experiment:
    return presets.load(name, changes).experiment


def export_of(history: History) -> Export:
    return Export(folder=RunFolder(Path("nowhere")), history=history, path=Path("nowhere"))


def test_it_tells_result_diagnosis_marks_and_settings(tmp_path: Path) -> None:
    spec = experiment("exploding", "train.epochs=20")
    folder, _ = recorded(spec, tmp_path / "a-run")
    export = Export(folder=folder, history=load_history(folder.recording), path=tmp_path / "a")
    told = said_in(page_of(export))
    end = export.history.end
    assert end is not None
    assert f"{end.result['test_accuracy']:.4f}" in told
    assert "Exploding gradients" in told
    assert "--set model.init.weight=xavier_normal" in told
    assert "Read the norms downwards" in told
    assert "activation =" in told
    assert "Decision region" in told
    # Figures in the text of a preset are read in the run.
    assert "log 2 = 0.693" in told


def test_a_network_of_one_input_shows_its_fit(tmp_path: Path) -> None:
    folder, _ = recorded(experiment("cubic", "train.steps=30"), tmp_path / "a-run")
    export = Export(folder=folder, history=load_history(folder.recording), path=tmp_path / "a")
    page = page_of(export)
    assert "Targets, as points, and fits" in page
    assert page.count('class="frame') > 20


def test_a_run_whose_data_has_gone_says_so_and_shows_the_rest(hostile: Export) -> None:
    data = {**hostile.run.header.experiment["data"], "path": "/nowhere/people.csv"}
    changed = {**hostile.run.header.experiment, "data": data}
    events = [replace(hostile.run.header, experiment=changed)]
    gone = replace(hostile, history=History(events))
    object.__setattr__(gone, "run", replace(hostile.run, header=events[0]))
    page = page_of(gone)
    assert "no picture of the network: " in said_in(page)
    assert '"path": "people.csv"' in said_in(page)
    assert "/nowhere" not in page


def test_a_population_is_shown_as_one_and_each_network_by_itself() -> None:
    history = whole("two-moons", "train.epochs=60", "population.seeds=3")
    page = page_of(export_of(history))
    assert "3 networks" in said_in(page)
    assert " ± " in said_in(page)
    assert 'class="frame' not in page


@pytest.mark.parametrize("steps", [0, 1])
def test_a_run_that_has_hardly_begun_is_a_page_and_a_slide(steps: int) -> None:
    rows = Series(group="train", first=1, values=np.full((2, steps, 1), np.nan, np.float32))
    begun: list[Header | Series] = [header(), *([rows] if steps else [])]
    export = export_of(History(begun))
    assert "none: " in said_in(page_of(export))
    assert "A" in said_in(slide_of(export))


def test_a_million_steps_are_less_than_two_megabytes() -> None:
    names = ["loss", *(f"grad_norm/layer{n}.weight" for n in range(1, 9))]
    values = np.random.default_rng(0).random((len(names), 1_000_000, 1), np.float32)
    history = History(
        [header(columns={"train": names}), Series(group="train", first=1, values=values)]
    )
    assert 30_000 < len(page_of(export_of(history)).encode()) < 2_000_000


@pytest.mark.parametrize("there", [True, False])
def test_what_leaves_the_machine_does_not_say_where_a_file_lies(
    tmp_path: Path, *, there: bool
) -> None:
    """The name of a user stands in the folders of their files."""
    folder = tmp_path / "secret-home"
    folder.mkdir()
    data = folder / "points.csv"
    data.write_text("a,b,y\n" + "\n".join(f"{n},{n % 3},{n % 2}" for n in range(12)))
    tables = {"data": {"kind": "file", "path": str(data), "task": "classes"}}
    tables |= {"loss": {"name": "cross_entropy"}, "train": {"steps": 3}}
    # A file that took the place of a preset's data is named once more.
    tables["origin"] = {"preset": "two-moons", "file": str(data)}
    run, _ = recorded(Experiment.model_validate(tables), tmp_path / "a-run")
    if not there:
        data.unlink()
    export = Export(folder=run, history=load_history(run.recording), path=Path("nowhere"))
    assert str(folder) in str(export.history.header)
    written = [page_of(export), slide_of(export), str(facts_of(export))]
    assert "points.csv" in written[0]
    assert "points.csv" in written[2]
    for text in written:
        assert "secret-home" not in text


def test_files_are_named_without_their_folders_wherever_they_stand() -> None:
    said = {
        "data": {"path": "/home/me/a.csv", "separator": "/"},
        "model": {"module": "C:\\me\\net.py:Net"},
        "population": {"settings": [{"data.path": "/home/me/b.csv"}]},
        "sweep": {"grid": {"data.path": ["/home/me/c.csv", "d.csv"]}},
    }
    assert without_folders(said) == {
        "data": {"path": "a.csv", "separator": "/"},
        "model": {"module": "net.py:Net"},
        "population": {"settings": [{"data.path": "b.csv"}]},
        "sweep": {"grid": {"data.path": ["c.csv", "d.csv"]}},
    }
