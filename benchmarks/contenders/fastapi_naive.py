"""Serve a scikit-learn pipeline with FastAPI and a pandas row, as tutorials do.

Requests contain the features, so none are computed; the model has as many trees as ours.
"""

from __future__ import annotations

import os
from typing import Any

import pandas as pd
from fastapi import FastAPI
from lightgbm import LGBMClassifier
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

TABLE = pd.read_parquet(os.environ["BENCHMARK_TABLE"])
TREES = int(TABLE.attrs["trees"])


def fit_pipeline() -> Pipeline:
    features, label = TABLE.drop(columns="label"), TABLE["label"]
    categorical = [name for name in features if not pd.api.types.is_numeric_dtype(features[name])]
    numeric = [name for name in features if name not in categorical]
    preprocessing = ColumnTransformer(
        [
            (
                "numbers",
                make_pipeline(SimpleImputer(keep_empty_features=True), StandardScaler()),
                numeric,
            ),
            ("words", OneHotEncoder(handle_unknown="ignore"), categorical),
        ]
    )
    model = LGBMClassifier(n_estimators=TREES, learning_rate=0.03, n_jobs=1, verbose=-1)
    return Pipeline([("prepared", preprocessing), ("model", model)]).fit(features, label)


MODEL = fit_pipeline()
app = FastAPI()


@app.get("/readyz")
async def ready() -> None: ...


@app.post("/predict")
def predict(features: dict[str, Any]) -> dict[str, float]:
    frame = pd.DataFrame([features]).astype(TABLE.dtypes.drop("label"))
    return {"risk": float(MODEL.predict_proba(frame)[0, 1])}
