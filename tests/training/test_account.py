"""What is told of a training: report, model card, technical file."""

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
from training.cli.summary import format_attribute_costs
from training.evaluation.champion import client_pseudonyms
from training.gates import EvaluationResult, Verdict, run_gates
from training.metrics.decision_rates import estimate_outcome_shares
from training.model.ensemble import average_boosters
from training.pipeline import TrainingOutcome
from training.reporting.html_report import render_report
from training.reporting.model_card import (
    render_html_document,
    render_model_card,
    render_technical_file,
)
from training.reporting.training_summary import TrainingSummary

ANNEX_IV = (
    "1. A general description of the AI system",
    "2. A detailed description of the elements of the AI system",
    "3. Detailed information about the monitoring, functioning and control",
    "4. A description of the appropriateness of the performance metrics",
    "5. A detailed description of the risk management system",
    "6. A description of relevant changes",
    "7. A list of the harmonised standards",
    "8. A copy of the EU declaration of conformity",
    "9. A detailed description of the system in place to evaluate the performance",
)
STUDY = "<section><h2>Comparison with other kinds of models</h2></section>"


@pytest.fixture(scope="module")
def account(evidence: EvaluationResult) -> TrainingSummary:
    labels, risks = evidence.training_set.labels, evidence.trained_model.oof_risk
    return TrainingSummary(
        run_id="0123456789abcdef",
        evaluation=evidence,
        findings=run_gates(evidence),
        outcome_shares=estimate_outcome_shares(labels, risks, evidence.policy, seed=0),
        experiment_sections=(STUDY,),
    )


class Outline(HTMLParser):
    """What a page is made of."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def test_the_shares_are_of_all_clients_and_cost_what_the_policy_costs(
    account: TrainingSummary,
) -> None:
    assert [one.outcome for one in account.outcome_shares] == list(Outcome)
    assert sum(one.clients for one in account.outcome_shares) == len(
        account.evaluation.training_set
    )
    assert sum(one.share.value for one in account.outcome_shares) == pytest.approx(1)
    told = account.model_metadata.metrics
    cost = sum(one.cost.value for one in account.outcome_shares)
    assert cost == pytest.approx(told["cost_per_client"])
    rates = [one.difficulty_rate.value for one in account.outcome_shares]
    assert rates == sorted(rates)
    late = sum(one.clients * one.difficulty_rate.value for one in account.outcome_shares)
    assert late == pytest.approx(told["difficulty_rate"] * len(account.evaluation.training_set))


def test_the_report_needs_nothing_beside_itself(account: TrainingSummary) -> None:
    outline = Outline(render_report(account))
    assert outline.all("html")[0]["lang"] == "en"
    assert len(outline.all("h1")) == 1
    assert not outline.all("script") + outline.all("link") + outline.all("img")
    linked = [attributes for _, attributes in outline.tags if {"src", "href"} & attributes.keys()]
    assert linked == []


def test_a_chart_is_said_in_words_and_every_table_has_headings(account: TrainingSummary) -> None:
    text = render_report(account)
    charts = Outline(text).all("svg")
    assert len(charts) == 3
    for chart in charts:
        assert chart["role"] == "img"
        assert re.search(r"\d", chart["aria-label"] or "")
    for table in text.split("<table")[1:]:
        assert 'scope="row"' in table.split("</table>")[0]


def test_the_verdict_comes_first(account: TrainingSummary) -> None:
    text = render_report(account)
    headings = re.findall(r"<h2[^>]*>([^<]+)", text)
    assert headings[0].startswith("Promoted")
    failed = replace(account.findings[0], verdict=Verdict.REFUSES, what_to_do="Ask the committee.")
    wrong = render_report(replace(account, findings=(failed, *account.findings[1:])))
    assert f"Refused by {failed.code}" in wrong
    assert "Ask the committee." in wrong


def test_studies_are_part_of_the_report(account: TrainingSummary) -> None:
    assert STUDY in render_report(account)


def test_prices_of_protected_attributes_are_told_or_it_is_said_how() -> None:
    assert "python -m training ablate" in format_attribute_costs(())
    assert "age +0.0010" in format_attribute_costs(("age +0.0010 (0 to 0.002)",))


def with_data(account: TrainingSummary, **facts: object) -> TrainingSummary:
    """The account of a training on other data."""
    told = account.model_metadata.model_copy(
        update={"data": {**account.model_metadata.data, **facts}}
    )
    evidence = account.evaluation
    scorer = Scorer(evidence.scorer.model_text, told, version="test")
    return replace(account, evaluation=replace(evidence, scorer=scorer))


@pytest.mark.parametrize("tell", [render_model_card, render_technical_file, render_report])
def test_synthetic_clients_are_called_so_in_the_first_lines(
    account: TrainingSummary, tell: Callable[[TrainingSummary], str]
) -> None:
    said = "The clients are synthetic"
    assert said not in tell(account)
    text = tell(with_data(account, synthetic=True))
    body = text[text.index("<h1>") :] if "<h1>" in text else text
    assert said in body[:600]


@pytest.mark.parametrize("tell", [render_model_card, render_technical_file, render_report])
def test_what_is_said_of_excluded_attributes_was_found(
    account: TrainingSummary, tell: Callable[[TrainingSummary], str]
) -> None:
    [gate] = [one for one in account.findings if one.code == "CRG110"]
    assert f"; {gate.message}." in tell(account)
    broken = replace(gate, message="income rests on sex", verdict=Verdict.REFUSES)
    others = tuple(one for one in account.findings if one is not gate)
    text = tell(replace(account, findings=(broken, *others)))
    assert "; income rests on sex." in text
    assert "never a feature" not in text


def test_directions_and_trees_are_those_of_the_model(account: TrainingSummary) -> None:
    assert "of risk constrains the trees" in render_technical_file(account)
    fitted = account.evaluation.trained_model
    both = average_boosters([fitted.booster, fitted.booster])
    parameters = {**fitted.parameters, "monotone": False, "bagged": 2}
    changed = replace(fitted, booster=both, parameters=parameters)
    other = replace(account, evaluation=replace(account.evaluation, trained_model=changed))
    assert "of risk does not constrain the trees" in render_technical_file(other)
    assert f"{2 * fitted.trees_per_booster} gradient-boosted trees" in render_technical_file(other)
    assert f", {2 * fitted.trees_per_booster} trees" in render_report(other)


def test_the_card_tells_limits_oversight_and_every_group(account: TrainingSummary) -> None:
    card = render_model_card(account)
    headings = re.findall(r"^## (.+)$", card, re.MULTILINE)
    assert headings == [
        "Purpose", "Data", "Performance", "Proposed outcomes", "Fairness",
        "Most important concepts", "Limits", "Human oversight", "Gates", "Versions",
    ]  # fmt: skip
    assert "the data have no dates" in card.lower()
    assert "granted loans only" in card
    for audit in account.audits:
        for group in audit.groups:
            assert f"| {group.name} |" in card
    assert f"{account.model_metadata.metrics['auc']:.4f}" in card


def test_the_technical_file_has_the_sections_of_annex_iv(account: TrainingSummary) -> None:
    headings = re.findall(r"^## (.+)$", render_technical_file(account), re.MULTILINE)
    assert len(headings) == len(ANNEX_IV)
    for heading, asked in zip(headings, ANNEX_IV, strict=True):
        assert heading.startswith(asked)


def test_words_of_the_data_cannot_mark_up_the_documents(account: TrainingSummary) -> None:
    audit = account.audits[0]
    strange = replace(audit.groups[0], name="a|b <script>alert(1)</script>")
    audits = (replace(audit, groups=(strange, *audit.groups[1:])), *account.audits[1:])
    marked = replace(account, evaluation=replace(account.evaluation, audits=audits))
    for told in (
        render_html_document(render_model_card(marked)),
        render_html_document(render_technical_file(marked)),
        render_report(marked),
    ):
        assert "<script>" not in told
        assert "a|b &lt;script&gt;" in told


def test_card_and_file_are_kept_as_markdown_and_as_pages(
    laboratory: Laboratory, first: TrainingOutcome
) -> None:
    artefacts = laboratory.where.home / "mlflow" / "artifacts" / first.run_id / "artifacts"
    names = {path.name for path in artefacts.iterdir() if path.is_file()}
    kept = {
        f"{name}.{form}" for name in ("model-card", "technical-file") for form in ("md", "html")
    }
    told = kept | {"findings.json", "report.html", "features.md"}
    assert names == told | {"unseen.parquet"}
    assert "<table>" in (artefacts / "model-card.html").read_text()
    assert told <= {path.name for path in laboratory.where.reports_folder.iterdir()}
    assert not (laboratory.where.reports_folder / "unseen.parquet").exists()


def test_a_run_keeps_the_feature_table_with_its_importances(
    laboratory: Laboratory, first: TrainingOutcome, account: TrainingSummary
) -> None:
    artefacts = laboratory.where.home / "mlflow" / "artifacts" / first.run_id / "artifacts"
    table = (artefacts / "features.md").read_text()
    assert "| risk | importance |" in table
    weight = account.model_metadata.importance["external_score_2"]
    assert re.search(rf"^\| `external_score_2` .*\| {weight:.4f} \|$", table, re.MULTILINE)


def test_what_is_kept_for_comparison_tells_everybody_apart(
    account: TrainingSummary,
) -> None:
    told = client_pseudonyms(account.evaluation.dossiers)
    assert len(np.unique(told)) == len(account.evaluation.training_set)
    assert not set(told.tolist()) & set(account.evaluation.training_set.ids.tolist())


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with open_chromium() as browser:
        yield browser


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_the_report_fits_a_telephone_and_follows_the_colour_scheme(
    chromium: Browser, tmp_path: Path, account: TrainingSummary, scheme: str, width: int
) -> None:
    (tmp_path / "report.html").write_text(render_report(account))
    context = chromium.new_context(
        color_scheme="dark" if scheme == "dark" else "light",
        viewport={"width": width, "height": 800},
    )
    tab = context.new_page()
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto((tmp_path / "report.html").as_uri())
    assert len(asked) == 1
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    brightness = tab.evaluate(
        "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)[0]"
    )
    assert (brightness < 128) == (scheme == "dark")
    context.close()
