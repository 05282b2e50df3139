"""Features: from dossiers to the matrix that the model takes.

Training, the service, the batch and monitoring all call `build`, and read the list of features from
`CATALOGUE`.

    declaration/   how a feature is declared
    definitions/   the declared features, one module per raw table
    expressions/   arithmetic on columns, grouping and sorting of rows
    kernel/        statistics of history rows
"""

from __future__ import annotations

from credit.features.catalogue import CATALOGUE, COLUMNS, HISTORY_FEATURES
from credit.features.category_encoder import CategoryEncoder
from credit.features.declaration.concepts import Concept
from credit.features.declaration.feature import Feature, RiskDirection, Unit
from credit.features.fitted_features import FittedFeatures
from credit.features.loan_terms import LoanTerms
from credit.features.matrix import DOSSIERS_PER_CHUNK, Matrix, build, extract_category_columns

__all__ = [
    "CATALOGUE",
    "COLUMNS",
    "DOSSIERS_PER_CHUNK",
    "HISTORY_FEATURES",
    "CategoryEncoder",
    "Concept",
    "Feature",
    "FittedFeatures",
    "LoanTerms",
    "Matrix",
    "RiskDirection",
    "Unit",
    "build",
    "extract_category_columns",
]
