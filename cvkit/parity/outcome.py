"""What a run of proofs came to: the data of a report, however it is shown."""

from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray


@dataclass
class Row:
    """What the cases of one operation and dtype came to."""

    operation: str
    dtype: str
    criterion: str
    cases: int = 0
    equal: int = 0
    worst: float = 0.0
    failures: list[str] = field(default_factory=list)

    @property
    def verdict(self) -> str:
        """In a word, whether the criterion was met."""
        if self.failures:
            return "falls short"
        return "equal" if self.equal == self.cases else "within bound"


@dataclass(frozen=True)
class Showcase:
    """One case to look at: both results as arrays."""

    operation: str
    arguments: str
    got: NDArray[Any]
    want: NDArray[Any]


@dataclass(frozen=True)
class Report:
    """All rows of a run, what they were compared with, and where the reference is disputed."""

    about: dict[str, str]
    rows: list[Row]
    showcases: list[Showcase]
    disputed: dict[str, str]

    @property
    def passed(self) -> bool:
        return not any(row.failures for row in self.rows)
