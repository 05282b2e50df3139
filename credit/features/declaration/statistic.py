"""The statistics of history features, and the properties that declarations depend on."""

from __future__ import annotations

from enum import Enum

from credit.features.declaration.feature import Unit
from credit.localised_text import Text


class Statistic(Enum):
    """Reduction of the known values of a window to one number.

    A member's value is its label. The lower-case name is part of feature names.
    """

    COUNT = Text("nombre", "number")
    """Number of known values; 0 when there are none."""
    SUM = Text("total", "total")
    """0 when the window has no rows, unknown when it has rows but no known value."""
    MEAN = Text("moyenne", "mean")
    MIN = Text("minimum", "minimum")
    MAX = Text("maximum", "maximum")
    STD = Text("écart-type", "standard deviation")
    """Sample standard deviation (n - 1); unknown with fewer than two known values."""
    LAST = Text("dernière valeur", "latest value")
    """The known value of the newest row, in the order of the table."""
    TREND = Text("évolution sur un an", "change a year")
    """Slope per year of the least-squares line through the known values; unknown unless two of
    them differ in time."""
    DECAYED = Text("moyenne, le récent pesant plus", "mean, the recent weighing more")
    """Weighted mean; the weight of a row halves with each half year of age."""

    @property
    def key(self) -> str:
        """Name in feature names, and the property of `Segments` that computes it."""
        return self.name.lower()


UNDIRECTED_STATISTICS = {Statistic.STD, Statistic.TREND}
"""Statistics of spread or change. They do not depend on the level, so have no risk direction."""

TIME_DEPENDENT_STATISTICS = {Statistic.TREND, Statistic.DECAYED}
"""Statistics that use the times of rows, not only their order."""

AVERAGE_STATISTICS = {Statistic.MEAN, Statistic.DECAYED}

FLAG_STATISTIC_LABELS = {
    Statistic.MEAN: Text("part", "share"),
    Statistic.SUM: Statistic.COUNT.value,
    Statistic.DECAYED: Text("part, le récent pesant plus", "share, the recent weighing more"),
}
"""Labels for statistics of flags: their mean is a share, their sum a number."""


def derive_unit(value_unit: Unit, statistic: Statistic) -> Unit:
    """Return the unit of a statistic of values with the given unit."""
    is_count = statistic is Statistic.COUNT
    is_sum_of_shares = statistic is Statistic.SUM and value_unit in {Unit.SHARE, Unit.FLAG}
    is_mean_of_flags = statistic in AVERAGE_STATISTICS and value_unit is Unit.FLAG
    if is_count or is_sum_of_shares:
        return Unit.COUNT
    if statistic is Statistic.TREND and value_unit in {Unit.SHARE, Unit.FLAG}:
        return Unit.RATIO
    return Unit.SHARE if is_mean_of_flags else value_unit
