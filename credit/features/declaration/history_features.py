"""How the features of a history table are declared: values x windows x statistics.

value       what is looked at in each row        days_past_due
window      which rows are looked at             last_year
statistic   what is said of them together        max
feature     value_statistic_window               days_past_due_max_last_year
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum

from credit.dossier import Bools, Floats, Rows
from credit.features.declaration.concepts import Concept
from credit.features.declaration.feature import (
    ExpressionT,
    Feature,
    RiskDirection,
    Unit,
    trace_sources,
)
from credit.features.expressions.nan_arithmetic import DAYS_PER_YEAR, MONTHS_PER_YEAR
from credit.features.expressions.row_groups import RowGroups
from credit.features.expressions.vectorised import Expression, Ratio, WeightedSum
from credit.localised_text import Text
from credit.schema import Table

Predicate = Callable[[Rows], Bools]


class Statistic(Enum):
    """What is said of the known values of a window, together."""

    COUNT = Text("nombre", "number")
    """Known values; 0 when there are none."""
    SUM = Text("total", "total")
    """0 when the window has no rows, unknown when it has rows but no known value."""
    MEAN = Text("moyenne", "mean")
    MIN = Text("minimum", "minimum")
    MAX = Text("maximum", "maximum")
    STD = Text("écart-type", "standard deviation")
    """Of the sample (n - 1); unknown below two known values."""
    LAST = Text("dernière valeur", "latest value")
    """The known value of the newest row, by the order of the table."""
    TREND = Text("évolution sur un an", "change a year")
    """Slope of the least-squares line through the known values, times a year; unknown unless two
    of them differ in time."""
    DECAYED = Text("moyenne, le récent pesant plus", "mean, the recent weighing more")
    """Mean with weights that halve with every half year of age."""

    @property
    def key(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, kw_only=True)
class RowValue:
    """What is looked at in each row."""

    name: str
    unit: Unit
    label: Text
    concept: Concept
    risk: RiskDirection
    compute: Expression


@dataclass(frozen=True, kw_only=True)
class Window:
    """Which rows are looked at."""

    name: str
    label: Text
    predicate: Predicate | None = None
    max_age_steps: int | None = None
    """The rows of the last so many steps of time, instead of a predicate."""
    max_rows: int | None = None
    """The newest so many rows, or wholes, instead of a predicate."""


@dataclass(frozen=True, kw_only=True)
class FamilyMember:
    """A feature of a family, by its coordinates."""

    feature: Feature
    value: RowValue
    window: Window
    statistic: Statistic


EVER = Window(name="ever", label=Text("depuis toujours", "ever"))


@dataclass(frozen=True, kw_only=True)
class HistoryFeatures:
    """A history table and the features made of it."""

    table: Table
    order_by: tuple[str, ...]
    """Oldest row first, by time before all; ties are broken by all other columns."""
    child: HistoryFeatures | None = None
    """A table whose rows belong to rows of this one: its features are columns here."""
    child_key: str | None = None
    """The column, in both tables, that says which row a child's row belongs to."""
    row_groups: Callable[[Rows], RowGroups] | None = None
    """Which rows are parts of one whole, where a row may be a part only."""
    group_key_length: int = 0
    """How many columns of the order parts of one whole share; 0 where there are none."""
    values: dict[str, RowValue] = field(default_factory=dict)
    grouped_values: set[str] = field(default_factory=set)
    """Values of a whole: said alike in all its rows, and looked at in the newest of them."""
    windows: dict[str, Window] = field(default_factory=lambda: {EVER.name: EVER})
    members: dict[str, FamilyMember] = field(default_factory=dict)

    def value(
        self,
        label: Text,
        *,
        unit: Unit,
        concept: Concept,
        risk: RiskDirection = RiskDirection.FREE,
    ) -> Callable[[ExpressionT], ExpressionT]:
        """Declare a function of the rows as a value, under the function's name."""

        def declare(compute: ExpressionT) -> ExpressionT:
            self.add_value(compute.__name__, label, compute, unit=unit, concept=concept, risk=risk)
            return compute

        return declare

    def per_group(self, compute: ExpressionT) -> ExpressionT:
        """Declare that a value is one of wholes, so that each counts once."""
        self.grouped_values.add(compute.__name__)
        return compute

    def add_value(
        self,
        name: str,
        label: Text,
        compute: Expression,
        *,
        unit: Unit,
        concept: Concept,
        risk: RiskDirection = RiskDirection.FREE,
    ) -> None:
        """Declare a function that has no name of its own as a value."""
        self.values[name] = RowValue(
            name=name, unit=unit, label=label, concept=concept, risk=risk, compute=compute
        )

    def add_column(
        self,
        name: str,
        label: Text,
        column: str,
        *,
        concept: Concept,
        risk: RiskDirection = RiskDirection.FREE,
        sign: int = 1,
    ) -> None:
        """Declare a column as it is.

        Args:
            sign: -1 turns the source's negative days into an age.
        """
        unit = Unit(self.table[column].unit)
        self.add_value(
            name, label, WeightedSum({column: sign}), unit=unit, concept=concept, risk=risk
        )

    def add_ratio(
        self,
        name: str,
        label: Text,
        numerator: WeightedSum | str,
        denominator: WeightedSum | str,
        *,
        concept: Concept,
        unit: Unit = Unit.RATIO,
        risk: RiskDirection = RiskDirection.FREE,
    ) -> None:
        """Declare the quotient of two columns, or of sums of them."""
        self.add_value(
            name,
            label,
            Ratio.from_terms(numerator, denominator),
            unit=unit,
            concept=concept,
            risk=risk,
        )

    def add_flag(
        self,
        name: str,
        label: Text,
        column: str,
        *categories: str,
        concept: Concept,
        risk: RiskDirection = RiskDirection.FREE,
    ) -> None:
        """Declare whether a column says one of these words."""

        def match_categories(rows: Rows) -> Floats:
            return rows.get_categorical(column).flag_values(categories)

        self.add_value(name, label, match_categories, unit=Unit.FLAG, concept=concept, risk=risk)

    def add_window_where(self, name: str, label: Text, column: str, *categories: str) -> None:
        """Declare the rows where a column says one of these words as a window."""
        self.windows[name] = Window(
            name=name,
            label=label,
            predicate=lambda rows: rows.get_categorical(column).isin(categories),
        )

    def add_window_since(self, name: str, label: Text, max_age_steps: int) -> None:
        """Declare the rows of the last so many days or months as a window."""
        self.windows[name] = Window(name=name, label=label, max_age_steps=max_age_steps)

    def window(self, label: Text) -> Callable[[Predicate], Predicate]:
        """Declare a function of the rows as a window, under the function's name."""

        def declare(predicate: Predicate) -> Predicate:
            self.windows[predicate.__name__] = Window(
                name=predicate.__name__, label=label, predicate=predicate
            )
            return predicate

        return declare

    def add_newest_window(self, max_rows: int, label: Text) -> None:
        """Declare the newest rows as the window `newest_<rows>`."""
        name = f"newest_{max_rows}"
        self.windows[name] = Window(name=name, label=label, max_rows=max_rows)

    def add_family(self, values: str, windows: str, statistics: str) -> None:
        """Declare a feature for every combination; names are separated by blanks."""
        for value in values.split():
            for window in windows.split():
                for statistic in statistics.split():
                    self._add_member(
                        self.values[value], self.windows[window], Statistic[statistic.upper()]
                    )

    def _add_member(self, value: RowValue, window: Window, statistic: Statistic) -> None:
        name = f"{value.name}_{statistic.key}_{window.name}"
        if name in self.members:
            raise ValueError(f"the feature {name} is declared twice")
        self.members[name] = FamilyMember(
            feature=Feature(
                name=name,
                label=_format_label(value, window, statistic),
                unit=_derive_unit(value, statistic),
                concept=value.concept,
                risk=RiskDirection.FREE if statistic in UNDIRECTED_STATISTICS else value.risk,
                sources=self._trace_sources(value.compute)
                | self._trace_sources(window.predicate)
                | self._trace_sources(
                    self.row_groups if value.name in self.grouped_values else None
                )
                | (
                    self._date_sources
                    if statistic in TIME_DEPENDENT_STATISTICS or window.max_age_steps
                    else frozenset()
                )
                or self._date_sources,
            ),
            value=value,
            window=window,
            statistic=statistic,
        )

    def _trace_sources(
        self, compute: Expression | Callable[[Rows], RowGroups] | None
    ) -> frozenset[str]:
        return (
            trace_sources(self.table, compute, self._collect_child_sources())
            if compute
            else frozenset()
        )

    @property
    def steps_per_year(self) -> int:
        """A year in the steps of the column that puts rows in order: days or months."""
        return DAYS_PER_YEAR if self.table[self.order_by[0]].unit == Unit.DAYS else MONTHS_PER_YEAR

    @property
    def _date_sources(self) -> frozenset[str]:
        """The column that puts rows in order; a count of all rows rests on nothing else."""
        return frozenset({f"{self.table.name}.{self.order_by[0]}"})

    def _collect_child_sources(self) -> Mapping[str, frozenset[str]]:
        child_members = self.child.members if self.child else {}
        return {name: member.feature.sources for name, member in child_members.items()}

    def iter_features(self) -> Iterator[Feature]:
        return (member.feature for member in self.members.values())


UNDIRECTED_STATISTICS = {Statistic.STD, Statistic.TREND}
"""A spread or a change says nothing of the level, and so nothing of the direction of risk."""

TIME_DEPENDENT_STATISTICS = {Statistic.TREND, Statistic.DECAYED}
"""What looks at when a row was, and not only at which is newest."""


def _derive_unit(value: RowValue, statistic: Statistic) -> Unit:
    is_count = statistic is Statistic.COUNT
    is_sum_of_shares = statistic is Statistic.SUM and value.unit in {Unit.SHARE, Unit.FLAG}
    is_mean_of_flags = statistic in AVERAGE_STATISTICS and value.unit is Unit.FLAG
    if is_count or is_sum_of_shares:
        return Unit.COUNT
    if statistic is Statistic.TREND and value.unit in {Unit.SHARE, Unit.FLAG}:
        return Unit.RATIO
    return Unit.SHARE if is_mean_of_flags else value.unit


AVERAGE_STATISTICS = {Statistic.MEAN, Statistic.DECAYED}

FLAG_STATISTIC_LABELS = {
    Statistic.MEAN: Text("part", "share"),
    Statistic.SUM: Statistic.COUNT.value,
    Statistic.DECAYED: Text("part, le récent pesant plus", "share, the recent weighing more"),
}
"""A mean of yes and no is a share, their sum a number."""


def _format_label(value: RowValue, window: Window, statistic: Statistic) -> Text:
    template = Text("{value} ({statistic}, {window})", "{value} ({statistic}, {window})")
    if window is EVER:
        template = Text("{value} ({statistic})", "{value} ({statistic})")
    flag_label = FLAG_STATISTIC_LABELS.get(statistic) if value.unit is Unit.FLAG else None
    return template.format(
        value=value.label, statistic=flag_label or statistic.value, window=window.label
    )
