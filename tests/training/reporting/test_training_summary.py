"""Test the documents of a training: report, model card, technical file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser

from credit.decision import Outcome
from credit.scorer import Scorer
from tests.support.chromium import open_chromium
from tests.training.conftest import Laboratory
from tests.training.reporting.conftest import STUDY
from training.cli.summary import format_attribute_costs
from training.data.fingerprints import client_pseudonyms
from training.gates import Verdict
from training.model.ensemble import average_boosters
from training.pipeline import TrainingOutcome
from training.reporting.html_report import render_report
from training.reporting.languages import Language
from training.reporting.model_card import (
    render_html_document,
    render_model_card,
    render_technical_file,
)
from training.reporting.training_summary import TrainingSummary

COUNT_TABLES_THAT_SCROLL = """
[...document.querySelectorAll(".scroll")].filter(box => box.scrollWidth > box.clientWidth).length
"""


class Outline(HTMLParser):
    """The tags of a page, in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def test_the_shares_are_of_all_clients_and_cost_what_the_policy_costs(
    summary: TrainingSummary,
) -> None:
    assert [item.outcome for item in summary.outcome_shares] == list(Outcome)
    assert sum(item.clients for item in summary.outcome_shares) == len(
        summary.evaluation.training_set
    )
    assert sum(item.share.value for item in summary.outcome_shares) == pytest.approx(1)
    results = summary.model_metadata.metrics
    cost = sum(item.cost.value for item in summary.outcome_shares)
    assert cost == pytest.approx(results["cost_per_client"])
    rates = [item.difficulty_rate.value for item in summary.outcome_shares]
    assert rates == sorted(rates)
    late = sum(item.clients * item.difficulty_rate.value for item in summary.outcome_shares)
    assert late == pytest.approx(results["difficulty_rate"] * len(summary.evaluation.training_set))


def test_the_report_loads_nothing_from_elsewhere(summary: TrainingSummary) -> None:
    outline = Outline(render_report(summary))
    assert outline.all("html")[0]["lang"] == "en"
    assert len(outline.all("h1")) == 1
    assert not outline.all("script") + outline.all("link") + outline.all("img")
    assert [attributes for _, attributes in outline.tags if "src" in attributes] == []
    elsewhere = [
        link["href"] for link in outline.all("a") if re.search(r"[:/]", link["href"] or "/")
    ]
    assert elsewhere == []


def test_charts_have_a_text_and_tables_have_headings(summary: TrainingSummary) -> None:
    text = render_report(summary)
    charts = Outline(text).all("svg")
    assert len(charts) == 3 + 2 * len(summary.audits)
    for chart in charts:
        assert chart["role"] == "img"
        assert re.search(r"\d", chart["aria-label"] or "")
    for table in text.split("<table")[1:]:
        assert 'scope="row"' in table.split("</table>")[0]


def test_the_verdict_comes_first(summary: TrainingSummary) -> None:
    text = render_report(summary)
    headings = re.findall(r"<h2[^>]*>([^<]+)", text)
    assert headings[0].startswith("Promoted")
    failed = replace(
        summary.findings[0], verdict=Verdict.REFUSES, what_to_do="Consult the committee."
    )
    wrong = render_report(replace(summary, findings=(failed, *summary.findings[1:])))
    assert f"Refused by {failed.code}" in wrong
    assert "Consult the committee." in wrong


def test_experiments_are_part_of_the_report(summary: TrainingSummary) -> None:
    assert STUDY.en in render_report(summary)
    assert STUDY.fr in render_report(summary, language=Language.FR)


def test_costs_of_protected_attributes_are_printed_or_the_command_that_measures_them() -> None:
    assert "python -m training ablate" in format_attribute_costs(())
    assert "age +0.0010" in format_attribute_costs(("age +0.0010 (0 to 0.002)",))


def with_data(summary: TrainingSummary, **facts: object) -> TrainingSummary:
    """Return the summary of a training on other data."""
    results = summary.model_metadata.model_copy(
        update={"data": {**summary.model_metadata.data, **facts}}
    )
    evidence = summary.evaluation
    scorer = Scorer(evidence.scorer.model_text, results, version="test")
    return replace(summary, evaluation=replace(evidence, scorer=scorer))


@pytest.mark.parametrize("render", [render_model_card, render_technical_file, render_report])
def test_synthetic_clients_are_called_so_in_the_first_lines(
    summary: TrainingSummary, render: Callable[[TrainingSummary], str]
) -> None:
    notice = "The clients are synthetic"
    assert notice not in render(summary)
    text = render(with_data(summary, synthetic=True))
    body = text[text.index("<h1>") :] if "<h1>" in text else text
    assert notice in body[:600]


@pytest.mark.parametrize("render", [render_model_card, render_technical_file, render_report])
def test_the_text_on_excluded_attributes_is_the_finding_of_the_gate(
    summary: TrainingSummary, render: Callable[[TrainingSummary], str]
) -> None:
    [gate] = [item for item in summary.findings if item.code == "CRG110"]
    assert f"; {gate.message}." in render(summary)
    broken = replace(gate, message="income rests on sex", verdict=Verdict.REFUSES)
    remaining = tuple(item for item in summary.findings if item is not gate)
    text = render(replace(summary, findings=(broken, *remaining)))
    assert "; income rests on sex." in text
    assert "never a feature" not in text


def test_directions_and_trees_are_those_of_the_model(summary: TrainingSummary) -> None:
    assert "of risk constrains the trees" in render_technical_file(summary)
    fitted = summary.evaluation.trained_model
    both = average_boosters([fitted.booster, fitted.booster])
    parameters = {**fitted.parameters, "monotone": False, "bagged": 2}
    changed = replace(fitted, booster=both, parameters=parameters)
    other = replace(summary, evaluation=replace(summary.evaluation, trained_model=changed))
    assert "of risk does not constrain the trees" in render_technical_file(other)
    assert f"{2 * fitted.trees_per_booster} gradient-boosted trees" in render_technical_file(other)
    assert f", {2 * fitted.trees_per_booster} trees" in render_report(other)


def test_categories_in_the_data_cannot_inject_markup(summary: TrainingSummary) -> None:
    audit = summary.audits[0]
    strange = replace(audit.groups[0], name="a|b <script>alert(1)</script>")
    audits = (replace(audit, groups=(strange, *audit.groups[1:])), *summary.audits[1:])
    marked = replace(summary, evaluation=replace(summary.evaluation, audits=audits))
    for results in (
        render_html_document(render_model_card(marked)),
        render_html_document(render_technical_file(marked)),
        render_report(marked),
    ):
        assert "<script>" not in results
        assert "a|b &lt;script&gt;" in results


def test_model_card_and_technical_file_are_stored_as_markdown_and_html(
    laboratory: Laboratory, first: TrainingOutcome
) -> None:
    artefacts = laboratory.settings.home / "mlflow" / "artifacts" / first.run_id / "artifacts"
    names = {path.name for path in artefacts.iterdir() if path.is_file()}
    stored = {
        language.name_file(name, form)
        for name in ("model-card", "technical-file")
        for form in ("md", "html")
        for language in Language
    }
    results = stored | {"findings.json", "report.html", "report.fr.html", "features.md"}
    assert names == results | {"unseen.parquet"}
    assert "<table>" in (artefacts / "model-card.html").read_text()
    assert results <= {path.name for path in laboratory.settings.reports_folder.iterdir()}
    assert not (laboratory.settings.reports_folder / "unseen.parquet").exists()


def test_a_run_keeps_the_feature_table_with_its_importances(
    laboratory: Laboratory, first: TrainingOutcome, summary: TrainingSummary
) -> None:
    artefacts = laboratory.settings.home / "mlflow" / "artifacts" / first.run_id / "artifacts"
    table = (artefacts / "features.md").read_text()
    assert "| risk | importance |" in table
    weight = summary.model_metadata.importance["external_score_2"]
    assert re.search(rf"^\| `external_score_2` .*\| {weight:.4f} \|$", table, re.MULTILINE)


def test_client_pseudonyms_are_unique_and_are_not_ids(
    summary: TrainingSummary,
) -> None:
    results = client_pseudonyms(summary.evaluation.dossiers)
    assert len(np.unique(results)) == len(summary.evaluation.training_set)
    assert not set(results.tolist()) & set(summary.evaluation.training_set.ids.tolist())


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with open_chromium() as browser:
        yield browser


@pytest.mark.parametrize("language", Language)
def test_no_table_of_the_report_is_wider_than_the_page(
    chromium: Browser, tmp_path: Path, summary: TrainingSummary, language: Language
) -> None:
    (tmp_path / "report.html").write_text(
        render_report(summary, language=language), encoding="utf-8"
    )
    tab = chromium.new_page(viewport={"width": 1280, "height": 800})
    tab.goto((tmp_path / "report.html").as_uri())
    assert tab.evaluate(COUNT_TABLES_THAT_SCROLL) == 0
    tab.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_the_report_fits_a_phone_and_follows_the_colour_scheme(
    chromium: Browser, tmp_path: Path, summary: TrainingSummary, scheme: str, width: int
) -> None:
    (tmp_path / "report.html").write_text(render_report(summary))
    context = chromium.new_context(
        color_scheme="dark" if scheme == "dark" else "light",
        viewport={"width": width, "height": 800},
    )
    tab = context.new_page()
    requests: list[str] = []
    tab.on("request", lambda request: requests.append(request.url))
    tab.goto((tmp_path / "report.html").as_uri())
    assert len(requests) == 1
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    brightness = tab.evaluate(
        "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)[0]"
    )
    assert (brightness < 128) == (scheme == "dark")
    context.close()
