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
from credit.features.declaration.feature import Declared, Feature, Risk, Unit, sources_of
from credit.features.expressions.nan_arithmetic import MONTHS, YEAR
from credit.features.expressions.row_groups import Parts
from credit.features.expressions.vectorised import Computation, Quotient, Sum
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
    def word(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, kw_only=True)
class Value:
    """What is looked at in each row."""

    name: str
    unit: Unit
    label: Text
    concept: Concept
    risk: Risk
    compute: Computation


@dataclass(frozen=True, kw_only=True)
class Window:
    """Which rows are looked at."""

    name: str
    label: Text
    holds: Predicate | None = None
    since: int | None = None
    """The rows of the last so many steps of time, instead of a predicate."""
    newest: int | None = None
    """The newest so many rows, or wholes, instead of a predicate."""


@dataclass(frozen=True, kw_only=True)
class Member:
    """A feature of a family, by its coordinates."""

    feature: Feature
    value: Value
    window: Window
    statistic: Statistic


EVER = Window(name="ever", label=Text("depuis toujours", "ever"))


@dataclass(frozen=True, kw_only=True)
class Source:
    """A history table and the features made of it."""

    table: Table
    order: tuple[str, ...]
    """Oldest row first, by time before all; ties are broken by all other columns."""
    child: Source | None = None
    """A table whose rows belong to rows of this one: its features are columns here."""
    child_key: str | None = None
    """The column, in both tables, that says which row a child's row belongs to."""
    parts: Callable[[Rows], Parts] | None = None
    """Which rows are parts of one whole, where a row may be a part only."""
    shared: int = 0
    """How many columns of the order parts of one whole share; 0 where there are none."""
    values: dict[str, Value] = field(default_factory=dict)
    wholes: set[str] = field(default_factory=set)
    """Values of a whole: said alike in all its rows, and looked at in the newest of them."""
    windows: dict[str, Window] = field(default_factory=lambda: {EVER.name: EVER})
    members: dict[str, Member] = field(default_factory=dict)

    def value(
        self, label: Text, *, unit: Unit, concept: Concept, risk: Risk = Risk.FREE
    ) -> Callable[[Declared], Declared]:
        """Declare a function of the rows as a value, under the function's name."""

        def declare(compute: Declared) -> Declared:
            self.number(compute.__name__, label, compute, unit=unit, concept=concept, risk=risk)
            return compute

        return declare

    def whole(self, compute: Declared) -> Declared:
        """Declare that a value is one of wholes, so that each counts once."""
        self.wholes.add(compute.__name__)
        return compute

    def number(
        self,
        name: str,
        label: Text,
        compute: Computation,
        *,
        unit: Unit,
        concept: Concept,
        risk: Risk = Risk.FREE,
    ) -> None:
        """Declare a function that has no name of its own as a value."""
        self.values[name] = Value(
            name=name, unit=unit, label=label, concept=concept, risk=risk, compute=compute
        )

    def column(
        self,
        name: str,
        label: Text,
        column: str,
        *,
        concept: Concept,
        risk: Risk = Risk.FREE,
        sign: int = 1,
    ) -> None:
        """Declare a column as it is.

        Args:
            sign: -1 turns the source's negative days into an age.
        """
        unit = Unit(self.table[column].unit)
        self.number(name, label, Sum({column: sign}), unit=unit, concept=concept, risk=risk)

    def ratio(
        self,
        name: str,
        label: Text,
        part: Sum | str,
        whole: Sum | str,
        *,
        concept: Concept,
        unit: Unit = Unit.RATIO,
        risk: Risk = Risk.FREE,
    ) -> None:
        """Declare the quotient of two columns, or of sums of them."""
        self.number(name, label, Quotient.of(part, whole), unit=unit, concept=concept, risk=risk)

    def flag(
        self,
        name: str,
        label: Text,
        column: str,
        *words: str,
        concept: Concept,
        risk: Risk = Risk.FREE,
    ) -> None:
        """Declare whether a column says one of these words."""

        def says(rows: Rows) -> Floats:
            return rows.words(column).says(words)

        self.number(name, label, says, unit=Unit.FLAG, concept=concept, risk=risk)

    def saying(self, name: str, label: Text, column: str, *words: str) -> None:
        """Declare the rows where a column says one of these words as a window."""
        self.windows[name] = Window(
            name=name, label=label, holds=lambda rows: rows.words(column).isin(words)
        )

    def since(self, name: str, label: Text, steps: int) -> None:
        """Declare the rows of the last so many days or months as a window."""
        self.windows[name] = Window(name=name, label=label, since=steps)

    def window(self, label: Text) -> Callable[[Predicate], Predicate]:
        """Declare a function of the rows as a window, under the function's name."""

        def declare(holds: Predicate) -> Predicate:
            self.windows[holds.__name__] = Window(name=holds.__name__, label=label, holds=holds)
            return holds

        return declare

    def newest(self, rows: int, label: Text) -> None:
        """Declare the newest rows as the window `newest_<rows>`."""
        name = f"newest_{rows}"
        self.windows[name] = Window(name=name, label=label, newest=rows)

    def family(self, values: str, windows: str, statistics: str) -> None:
        """Declare a feature for every combination; names are separated by blanks."""
        for value in values.split():
            for window in windows.split():
                for statistic in statistics.split():
                    self._add(
                        self.values[value], self.windows[window], Statistic[statistic.upper()]
                    )

    def _add(self, value: Value, window: Window, statistic: Statistic) -> None:
        name = f"{value.name}_{statistic.word}_{window.name}"
        if name in self.members:
            raise ValueError(f"the feature {name} is declared twice")
        self.members[name] = Member(
            feature=Feature(
                name=name,
                label=_label(value, window, statistic),
                unit=_unit(value, statistic),
                concept=value.concept,
                risk=Risk.FREE if statistic in UNDIRECTED else value.risk,
                sources=self._sources(value.compute)
                | self._sources(window.holds)
                | self._sources(self.parts if value.name in self.wholes else None)
                | (self._dated if statistic in DATED or window.since else frozenset())
                or self._dated,
            ),
            value=value,
            window=window,
            statistic=statistic,
        )

    def _sources(self, compute: Computation | Callable[[Rows], Parts] | None) -> frozenset[str]:
        return sources_of(self.table, compute, self._derived()) if compute else frozenset()

    @property
    def year(self) -> int:
        """A year in the steps of the column that puts rows in order: days or months."""
        return YEAR if self.table[self.order[0]].unit == Unit.DAYS else MONTHS

    @property
    def _dated(self) -> frozenset[str]:
        """The column that puts rows in order; a count of all rows rests on nothing else."""
        return frozenset({f"{self.table.name}.{self.order[0]}"})

    def _derived(self) -> Mapping[str, frozenset[str]]:
        children = self.child.members if self.child else {}
        return {name: member.feature.sources for name, member in children.items()}

    def features(self) -> Iterator[Feature]:
        return (member.feature for member in self.members.values())


UNDIRECTED = {Statistic.STD, Statistic.TREND}
"""A spread or a change says nothing of the level, and so nothing of the direction of risk."""

DATED = {Statistic.TREND, Statistic.DECAYED}
"""What looks at when a row was, and not only at which is newest."""


def _unit(value: Value, statistic: Statistic) -> Unit:
    counted = statistic is Statistic.COUNT
    added_up = statistic is Statistic.SUM and value.unit in {Unit.SHARE, Unit.FLAG}
    averaged = statistic in AVERAGES and value.unit is Unit.FLAG
    if counted or added_up:
        return Unit.COUNT
    if statistic is Statistic.TREND and value.unit in {Unit.SHARE, Unit.FLAG}:
        return Unit.RATIO
    return Unit.SHARE if averaged else value.unit


AVERAGES = {Statistic.MEAN, Statistic.DECAYED}

OF_FLAGS = {
    Statistic.MEAN: Text("part", "share"),
    Statistic.SUM: Statistic.COUNT.value,
    Statistic.DECAYED: Text("part, le récent pesant plus", "share, the recent weighing more"),
}
"""A mean of yes and no is a share, their sum a number."""


def _label(value: Value, window: Window, statistic: Statistic) -> Text:
    said = Text("{value} ({statistic}, {window})", "{value} ({statistic}, {window})")
    if window is EVER:
        said = Text("{value} ({statistic})", "{value} ({statistic})")
    word = OF_FLAGS.get(statistic) if value.unit is Unit.FLAG else None
    return said.format(value=value.label, statistic=word or statistic.value, window=window.label)
