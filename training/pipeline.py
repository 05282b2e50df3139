"""One training, from a folder of tables to a champion, or to a model that is refused.

tables ──► dossiers ──► material ──► fit ──► evaluate ──► gates ──► MLflow ──┬► BentoML ──► clients
                                                                             └► refused
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import mlflow

from credit.policy import policy_on
from stores.cli import Steps
from stores.clients.ingestion import fill_clients
from stores.dossiers.engine import Engine
from stores.models.bento_store import MODEL
from stores.models.mlflow_registry import open_experiment, promote, refuse, register
from stores.raw_tables.lender_mapping import LenderFiles
from stores.settings import Settings
from training.data.auxiliary import Pool, pooled
from training.data.dataset import prepare
from training.data.fingerprints import formulas
from training.data.loading import labelled_dossiers
from training.evaluation.champion import champion_on
from training.evaluation.evaluator import MEASURED, assess
from training.gates import GATES, Finding, judge, refusing
from training.metrics.decision_rates import outcome_shares
from training.model.cross_validation import FOLDS
from training.model.trainer import PARAMETERS, fit
from training.reporting.model_card import model_card
from training.reporting.training_summary import Account
from training.tracking.mlflow_run import lineage, log_account, log_facts, log_pictures
from training.tracking.report_store import Origin, protected_prices, read_studies


@dataclass(frozen=True, kw_only=True)
class Trained:
    """What a training says at its end."""

    tag: str
    """The version in the registry; of a champion also its tag in the BentoML store."""
    run_id: str
    trees: int
    metrics: dict[str, float]
    findings: tuple[Finding, ...]
    """Of every gate, the gravest first."""
    report: Path
    prices: tuple[str, ...]
    """What protected attributes are worth in AUC; none before an ablation of these data."""
    clients: int = 0
    """Dossiers in the client store that came from these tables; none of a refused model."""

    @property
    def refused(self) -> tuple[str, ...]:
        """The codes of the gates that refused the model; it was promoted when there are none."""
        return refusing(self.findings)


def train(
    where: Settings,
    data: Path,
    *,
    seed: int,
    steps: Steps,
    lender: LenderFiles | None = None,
    parameters: Mapping[str, Any] = PARAMETERS,
    engine: Engine = Engine.LOCAL,
    also: Sequence[Path] = (),
) -> Trained:
    """Train on the labelled tables of a folder and publish the model, unless a gate refuses it.

    A refused model is registered with its findings; champion, stores and clients stay as they are.

    Args:
        also: Folders whose clients teach, too, and judge nothing.

    Raises:
        InvalidTables: the tables break the schema.
        NoSpark: the engine is Spark, and Java or PySpark is absent.
    """
    trained = _published(
        where, data, seed=seed, steps=steps, lender=lender, parameters=parameters, engine=engine,
        also=also,
    )  # fmt: skip
    if trained.refused:
        return trained
    # What was learnt from is let go by now: all tables are gone through once more.
    return replace(trained, clients=fill_clients(where, data, steps, lender))


def _published(
    where: Settings,
    data: Path,
    *,
    seed: int,
    steps: Steps,
    lender: LenderFiles | None,
    parameters: Mapping[str, Any],
    engine: Engine,
    also: Sequence[Path],
) -> Trained:
    """The model in the registry and, unless it is refused, in the BentoML store."""
    policy = policy_on(datetime.now(UTC).date())
    dossiers, about = labelled_dossiers(where, data, steps, lender, engine)
    with steps.step("features", len(dossiers)) as advance:
        material = prepare(dossiers, seed=seed, progress=advance)
    pool = pooled(where, material, dossiers, also, seed=seed, steps=steps, lender=lender)
    material = pool.material
    if also:
        about["also"] = pool.about
    with steps.step("folds and final model", FOLDS + 1) as advance:
        fitted = fit(material, seed=seed, progress=advance, parameters=parameters)
    with steps.step("MLflow store"):
        experiment = open_experiment(where)
    with steps.step("the champion on these clients"):
        champion = champion_on(where, material, dossiers)
    with steps.step("evaluation", MEASURED) as advance:
        evidence = assess(
            fitted,
            material,
            dossiers,
            policy,
            champion=champion,
            about=about,
            seed=seed,
            progress=advance,
        )
    with steps.step("gates", len(GATES)) as advance:
        findings = judge(evidence, advance)
    origin = Origin.of(about, parameters, formulas=formulas(material), seed=seed)
    with (
        steps.step("report, MLflow run and registry"),
        mlflow.start_run(experiment_id=experiment) as run,
    ):
        account = Account(
            run_id=run.info.run_id,
            evidence=evidence,
            findings=findings,
            shares=outcome_shares(material.labels, fitted.unseen, policy, seed=seed),
            studies=read_studies(where, origin),
        )
        number, report = _registered(account, about, pool, where)
    if account.refused:
        refuse(where, number, account.refused)
    else:
        with steps.step("champion in the BentoML store"):
            promote(where, number)
    return Trained(
        tag=f"{MODEL}:{number}",
        run_id=account.run_id,
        trees=fitted.booster.num_trees(),
        metrics=account.facts.metrics,
        findings=findings,
        report=report,
        prices=protected_prices(where, origin),
    )


def _registered(
    account: Account, about: Mapping[str, Any], pool: Pool, where: Settings
) -> tuple[int, Path]:
    """Write a training down in the run that is active: the model's number, and the report."""
    evidence = account.evidence
    fitted, policy, measured = evidence.fitted, account.policy, account.facts.metrics
    facts = account.facts.model_copy(update={"card": model_card(account)})
    log_facts(fitted, measured, about, policy, evidence.seed)
    log_pictures(evidence.material, fitted, evidence.explained, policy)
    report = log_account(account, where, teachers=pool.digests)
    told = lineage(fitted, policy, measured)
    return register(fitted.booster, facts, metadata=told), report
