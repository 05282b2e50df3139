"""Responses of the scoring API to invented clients, in the shape that the API returns."""

from __future__ import annotations

import math
from typing import Any

THRESHOLD = 1 / 11
BASE_RISK = 0.05

APPROVED, REFERRED, DECLINED, MINOR, INJECTION = 100001, 100002, 100003, 100004, 100005
"""Client numbers by outcome; the texts of the last one contain markup."""

FEATURES: list[tuple[str, str, str, str, str, dict[str, str]]] = [
    ("score_2", "Note externe n° 2", "External score 2", "score", "scores", {}),
    ("score_3", "Note externe n° 3", "External score 3", "score", "scores", {}),
    ("income", "Revenus", "Income", "currency", "income", {}),
    ("time_employed", "Ancienneté dans l’emploi", "Time in the job", "days", "job", {}),
    ("late_share", "Part de retards", "Share paid late", "share", "late", {}),
    ("owns_car", "Possède une voiture", "Owns a car", "flag", "car", {}),
    ("occupation", "Profession", "Occupation", "category", "job", {"Cooks": "Cuisine"}),
    ("weekday", "Jour", "Weekday", "category", "timing", {"MONDAY": "Lundi"}),
]
"""Name, label in French and English, unit, concept, category labels in French."""

CONCEPTS = {
    "scores": ("La note des organismes externes", "The score of outside agencies"),
    "income": ("Le niveau de revenu", "The level of income"),
    "job": ("La situation professionnelle", "The employment situation"),
    "late": ("La ponctualité", "Punctuality"),
    "car": ("Le véhicule", "The car"),
    "timing": ("Le moment de la demande", "The time of the application"),
}

VALUES: dict[str, Any] = {
    "score_2": 0.36,
    "score_3": None,
    "income": 135000.0,
    "time_employed": 2344.0,
    "late_share": 0.125,
    "owns_car": 1.0,
    "occupation": "Cooks",
    "weekday": "MONDAY",
}

LOG_ODDS = {
    APPROVED: [-0.5, -0.2, -0.1, 0.05, -0.1, 0.0, 0.1, 0.02],
    REFERRED: [0.5, 0.1, -0.1, 0.05, 0.05, 0.0, 0.1, 0.0],
    DECLINED: [1.5, 0.4, 0.2, -0.1, 0.3, 0.1, 0.2, 0.1],
    MINOR: [-0.5, -0.2, -0.1, 0.05, -0.1, 0.0, 0.1, 0.02],
    INJECTION: [1.5, 0.4, 0.2, -0.1, 0.3, 0.1, 0.2, 0.1],
}

MARKUP_TEXT = "<img src=x onerror=alert(1)> ${1+1} {{1+1}} <script>alert(1)</script>"


def localise(fr: str, en: str) -> dict[str, str]:
    return {"fr": fr, "en": en}


def logit(share: float) -> float:
    return math.log(share / (1 - share))


def sigmoid(log_odds: float) -> float:
    return 1 / (1 + math.exp(-log_odds))


def points_from_log_odds(log_odds: float) -> float:
    """Convert a change in log-odds to score points."""
    return -20 / math.log(2) * log_odds


def make_explanation(client: int) -> dict[str, Any]:
    """Return a decision with consistent risk, index, points and contributions."""
    changes = LOG_ODDS[client]
    total = logit(BASE_RISK) + sum(changes)
    index = sigmoid(total - logit(THRESHOLD))
    outcome = (
        "decline" if index > 0.55 else "refer" if index >= 0.45 or client == MINOR else "approve"
    )
    return {
        "decision_id": f"00000000-0000-4000-8000-000000{client}",
        "client_id": client,
        "risk": sigmoid(total),
        "index": index,
        "points": 500 + points_from_log_odds(total - logit(THRESHOLD)),
        "outcome": outcome,
        "not_stated": [],
        "unknown_fields": [],
        "index_margin": 0.08,
        "rules": ["minor", "income-unknown"] if client == MINOR else [],
        "threshold": THRESHOLD,
        "model_version": "credit-scorer:7",
        "policy_version": "2026-01-01",
        "decided_at": "2026-06-01T09:30:00+00:00",
        "base_risk": BASE_RISK,
        "contributions": [
            {
                "feature": name,
                "label": localise(fr, en),
                "concept": concept,
                "value": VALUES[name],
                "unit": unit,
                "log_odds": change,
                "points": points_from_log_odds(change),
            }
            for (name, fr, en, unit, concept, _), change in zip(FEATURES, changes, strict=True)
        ],
        "reasons": [make_reason(client, changes[0] + changes[1])],
    }


def make_reason(client: int, change: float) -> dict[str, Any]:
    label = localise(*CONCEPTS["scores"])
    verb = ("augmente", "raises") if change > 0 else ("diminue", "lowers")
    detail = MARKUP_TEXT if client == INJECTION else "0,36"
    return {
        "concept": "scores",
        "label": label,
        "text": localise(
            f"{label['fr']} {verb[0]} le risque estimé (Note externe n° 2 : {detail}).",
            f"{label['en']} {verb[1]} the estimated risk (External score 2: {detail}).",
        ),
        "raises": change > 0,
        "log_odds": change,
        "points": points_from_log_odds(change),
    }


def make_profile(client: int) -> dict[str, Any]:
    income = MARKUP_TEXT if client == INJECTION else "135\u202f000"
    return {
        "client_id": client,
        "lines": [
            {
                "column": "AMT_INCOME_TOTAL",
                "label": localise("Revenus", "Income"),
                "value": 135000.0,
                "text": localise(income, "135,000"),
            },
            {
                "column": "NAME_INCOME_TYPE",
                "label": localise("Source de revenus", "Income type"),
                "value": "Working",
                "text": localise("Salaire", "Working"),
            },
        ],
    }


def make_model(automation: str = "advisory") -> dict[str, Any]:
    return {
        "version": "credit-scorer:7",
        "threshold": THRESHOLD,
        "automation": automation,
        "band": [0.45, 0.55],
        "features": [
            {
                "name": name,
                "label": localise(fr, en),
                "unit": unit,
                "concept": concept,
                "concept_label": localise(*CONCEPTS[concept]),
                "importance": 1 / rank,
                "sources": ["application.X"],
                "words": {
                    word: localise(label, word.capitalize()) for word, label in words.items()
                },
            }
            for rank, (name, fr, en, unit, concept, words) in enumerate(FEATURES, start=1)
        ],
    }


def make_bins(counts: list[tuple[int, int]], edges: list[float]) -> list[dict[str, Any]]:
    lows, highs = [None, *edges], [*edges, None]
    return [
        {
            "low": low,
            "high": high,
            "word": None,
            "without_difficulties": good,
            "with_difficulties": bad,
        }
        for low, high, (good, bad) in zip(lows, highs, counts, strict=True)
    ]


def make_category_bins(counts: dict[str, tuple[int, int]]) -> list[dict[str, Any]]:
    return [
        {
            "low": None,
            "high": None,
            "word": word,
            "without_difficulties": good,
            "with_difficulties": bad,
        }
        for word, (good, bad) in counts.items()
    ]


def make_position(feature: str, *, similar: bool = False) -> dict[str, Any]:
    """Return the position among 900 clients, or among 105 similar ones."""
    value = VALUES[feature]
    is_number = isinstance(value, float)
    counts = [(30, 20), (150, 50), (300, 40), (300, 10)]
    if similar:
        counts = [(20, 10), (40, 20), (10, 5), (0, 0)]
    if isinstance(value, str):
        bins = make_category_bins({"Cooks": (40, 60), "Drivers": (200, 20), "MONDAY": (70, 7)})
    elif feature == "owns_car":
        bins = make_bins([(0, 0), (600, 70), (200, 30)], [0.0, 1.0])
    else:
        bins = make_bins(counts, [0.2, 0.4, 0.6])
    return {
        "feature": feature,
        "value": value,
        "similar": similar,
        "bins": bins,
        "unknown": 25,
        "mean_without_difficulties": 0.52 if is_number else None,
        "mean_with_difficulties": 0.31 if is_number else None,
        "percentile": 0.275 if is_number else None,
    }
