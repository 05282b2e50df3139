"""Declare the features of a history table as combinations: value x statistic x window.

value       number computed for each row         days_past_due
window      selection of the client's rows       last_year
statistic   how the selected values are reduced  max
feature     value_statistic_window               days_past_due_max_last_year
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from credit.dossier import Bools, Floats, Rows
from credit.features.declaration.concepts import Concept
from credit.features.declaration.feature import (
    ExpressionT,
    Feature,
    RiskDirection,
    Unit,
    trace_sources,
)
from credit.features.declaration.statistic import (
    FLAG_STATISTIC_LABELS,
    TIME_DEPENDENT_STATISTICS,
    UNDIRECTED_STATISTICS,
    Statistic,
    derive_unit,
)
from credit.features.expressions.nan_arithmetic import DAYS_PER_YEAR, MONTHS_PER_YEAR
from credit.features.expressions.row_groups import RowGroups
from credit.features.expressions.vectorised import Expression, Ratio, WeightedSum
from credit.localised_text import Text
from credit.schema import Table

Predicate = Callable[[Rows], Bools]


@dataclass(frozen=True, kw_only=True)
class RowValue:
    """A number computed for each row of a history table."""

    name: str
    unit: Unit
    label: Text
    concept: Concept
    risk: RiskDirection
    compute: Expression


@dataclass(frozen=True, kw_only=True)
class Window:
    """A selection of a client's rows. At most one criterion is set; without any, all rows."""

    name: str
    label: Text
    predicate: Predicate | None = None
    max_age_steps: int | None = None
    """Rows at most this many time steps (days or months) before the application."""
    max_rows: int | None = None
    """The newest rows, at most this many; a group of rows counts as one."""


@dataclass(frozen=True, kw_only=True)
class FamilyMember:
    """A feature, with the value, window and statistic that it combines."""

    feature: Feature
    value: RowValue
    window: Window
    statistic: Statistic


EVER = Window(name="ever", label=Text("depuis toujours", "ever"))


@dataclass(frozen=True, kw_only=True)
class HistoryFeatures:
    """The features of one history table."""

    table: Table
    order_by: tuple[str, ...]
    """Columns that sort the rows, oldest first; the first column is the time."""
    child: HistoryFeatures | None = None
    """Features of a child table, with many rows for each row here; usable as columns here."""
    child_key: str | None = None
    """Column in both tables that links a child row to its parent row."""
    row_groups: Callable[[Rows], RowGroups] | None = None
    """Function that groups rows that are parts of one thing, such as payments of one instalment."""
    group_key_length: int = 0
    """Leading columns of `order_by` that the rows of a group share; 0 without groups."""
    values: dict[str, RowValue] = field(default_factory=dict)
    grouped_values: set[str] = field(default_factory=set)
    """Values that describe a group: equal in all its rows, counted once, in its newest row."""
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
        """Declare a function of the rows as a value; the function's name is the value's name."""

        def declare(compute: ExpressionT) -> ExpressionT:
            self.add_value(compute.__name__, label, compute, unit=unit, concept=concept, risk=risk)
            return compute

        return declare

    def per_group(self, compute: ExpressionT) -> ExpressionT:
        """Declare that a value describes a group of rows, so that each group counts once."""
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
        """Declare a formula as a value with the given name."""
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
        """Declare a raw column as a value, in the unit of the schema.

        Args:
            sign: -1 turns days before the application, negative in the source, into an age.
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
        """Declare the ratio of two columns, or of two weighted sums of columns, as a value."""
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
        """Declare a value: 1 where a column is one of the categories, 0 for others, NaN if unknown."""

        def match_categories(rows: Rows) -> Floats:
            return rows.get_categorical(column).flag_values(categories)

        self.add_value(name, label, match_categories, unit=Unit.FLAG, concept=concept, risk=risk)

    def add_window_where(self, name: str, label: Text, column: str, *categories: str) -> None:
        """Declare a window: the rows in which a column is one of the categories."""
        self.windows[name] = Window(
            name=name,
            label=label,
            predicate=lambda rows: rows.get_categorical(column).isin(categories),
        )

    def add_window_since(self, name: str, label: Text, max_age_steps: int) -> None:
        """Declare a window: the rows of the last days or months, `max_age_steps` of them."""
        self.windows[name] = Window(name=name, label=label, max_age_steps=max_age_steps)

    def window(self, label: Text) -> Callable[[Predicate], Predicate]:
        """Declare a predicate on rows as a window; the function's name is the window's name."""

        def declare(predicate: Predicate) -> Predicate:
            self.windows[predicate.__name__] = Window(
                name=predicate.__name__, label=label, predicate=predicate
            )
            return predicate

        return declare

    def add_newest_window(self, max_rows: int, label: Text) -> None:
        """Declare the window `newest_<max_rows>`: the client's newest rows."""
        name = f"newest_{max_rows}"
        self.windows[name] = Window(name=name, label=label, max_rows=max_rows)

    def add_family(self, values: str, windows: str, statistics: str) -> None:
        """Declare a feature for each combination of the names, which are separated by spaces.

        Raises:
            KeyError: A value, window or statistic is not declared.
            ValueError: The feature is declared already.
        """
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
                unit=derive_unit(value.unit, statistic),
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
        """Time steps in a year, by the unit of the time column: 365 days or 12 months."""
        return DAYS_PER_YEAR if self.table[self.order_by[0]].unit == Unit.DAYS else MONTHS_PER_YEAR

    @property
    def _date_sources(self) -> frozenset[str]:
        """The time column; the only source of a count of all rows."""
        return frozenset({f"{self.table.name}.{self.order_by[0]}"})

    def _collect_child_sources(self) -> Mapping[str, frozenset[str]]:
        child_members = self.child.members if self.child else {}
        return {name: member.feature.sources for name, member in child_members.items()}

    def iter_features(self) -> Iterator[Feature]:
        return (member.feature for member in self.members.values())


def _format_label(value: RowValue, window: Window, statistic: Statistic) -> Text:
    template = Text("{value} ({statistic}, {window})", "{value} ({statistic}, {window})")
    if window is EVER:
        template = Text("{value} ({statistic})", "{value} ({statistic})")
    flag_label = FLAG_STATISTIC_LABELS.get(statistic) if value.unit is Unit.FLAG else None
    return template.format(
        value=value.label, statistic=flag_label or statistic.value, window=window.label
    )
