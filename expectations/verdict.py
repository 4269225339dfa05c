"""What the gate says of a candidate: one check for each rule, one verdict for all of them.

Plain facts, ready for JSON. Values of rows never appear here: counts and hashes of keys only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from catalogue.errors import GovshareError
from expectations.standards import BLOCK


class ExpectationError(GovshareError):
    """A suite cannot be made from what the catalogue declares."""


@dataclass(frozen=True)
class Check:
    """One rule on one table (``column`` null) or column.

    ``name`` is unique in the table (``id_number__id_number_check_digit``). ``severity``: ``block`` stops the
    release, ``warn`` lets it go with a mark. ``observed`` is what was seen, as text. ``unexpected_count`` of
    ``total`` rows break the rule; ``examples`` are hashes of the keys of some of them.
    """

    name: str
    column: str | None
    rule: str
    severity: str
    passed: bool
    observed: str
    unexpected_count: int
    total: int
    description: str
    examples: Sequence[str] = field(default_factory=tuple)


@dataclass(frozen=True)
class Verdict:
    """``passed``: no blocking check failed. ``seconds`` of judging, without the import of Great
    Expectations."""

    table: str
    passed: bool
    checks: Sequence[Check]
    rows: int
    seconds: float

    @property
    def blocked_by(self) -> list[Check]:
        return [check for check in self.checks if not check.passed and check.severity == BLOCK]

    @property
    def warnings(self) -> list[Check]:
        return [check for check in self.checks if not check.passed and check.severity != BLOCK]

    @property
    def word(self) -> str:
        """``passed``, ``passed with warnings`` or ``failed``."""
        if not self.passed:
            return "failed"
        return "passed with warnings" if self.warnings else "passed"

    def as_dict(self) -> dict[str, Any]:
        return {
            "verdict": self.word,
            "checks": [{**asdict(check), "examples": list(check.examples)} for check in self.checks],
            "rows": self.rows,
            "seconds": round(self.seconds, 3),
        }
