"""``population.toml`` as typed values, and as the settings that Splink wants. Nothing is decided here."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import log2
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "population.toml"
PARTS = ("name", "masked_name", "birth", "phone", "address", "household")
SAYS = ("agree", "near", "differ", "silent")


class SettingsError(Exception):
    """The file of weights is not as it must be; the text says where and what to do."""


@dataclass(frozen=True)
class Level:
    """One degree of agreement. ``when``: SQL over <column>_l and <column>_r, None for the last one."""

    name: str
    when: str | None
    says: str
    words: str
    english: str
    m: float
    u: float

    @property
    def weight(self) -> float:
        return log2(self.m / self.u)


@dataclass(frozen=True)
class Comparison:
    name: str
    title: str
    english: str
    null: str
    levels: tuple[Level, ...]


@dataclass(frozen=True)
class Blocking:
    name: str
    parts: tuple[str, ...]


@dataclass(frozen=True)
class Caution:
    """Levels of a comparison with which a pair is never linked by weight, but for those of ``unless``."""

    comparison: str
    levels: tuple[str, ...]
    unless: Mapping[str, tuple[str, ...]]
    words: str


@dataclass(frozen=True)
class Thresholds:
    link: float
    review: float
    possible: float
    cluster: float


@dataclass(frozen=True)
class Settings:
    version: str
    prior: float
    thresholds: Thresholds
    blocking: tuple[Blocking, ...]
    cautions: tuple[Caution, ...]
    comparisons: tuple[Comparison, ...]
    shared_names: int = 5  # so many different names under one number, and it is nobody's

    @classmethod
    def load(cls, file: Path = FILE) -> Settings:
        return cls.of(tomllib.loads(file.read_text(encoding="utf-8")), str(file))

    @classmethod
    def of(cls, document: dict[str, Any], origin: str = "settings") -> Settings:
        try:
            settings = cls(
                version=str(document["version"]),
                prior=float(document["prior"]),
                thresholds=Thresholds(**{name: float(x) for name, x in document["thresholds"].items()}),
                blocking=tuple(Blocking(b["name"], tuple(b["parts"])) for b in document["blocking"]),
                cautions=tuple(_caution(entry) for entry in document.get("caution", [])),
                comparisons=tuple(_comparison(entry) for entry in document["comparison"]),
                shared_names=int(document.get("shared_names", cls.shared_names)),
            )
        except (KeyError, TypeError, ValueError) as reason:
            raise SettingsError(f"{origin}: {reason!r}. Compare it with linking/population.toml") from reason
        for problem in settings.problems():
            raise SettingsError(f"{origin}: {problem}")
        return settings

    def problems(self) -> list[str]:
        found = [
            f"blocking {b.name!r}: part {part!r} is none of {', '.join(PARTS)}"
            for b in self.blocking for part in b.parts if part not in PARTS
        ]  # fmt: skip
        for comparison in self.comparisons:
            where = f"comparison {comparison.name!r}"
            if [level.when is None for level in comparison.levels] != [False] * (len(comparison.levels) - 1) + [True]:
                found.append(f"{where}: the last level, and no other, has no `when`")
            for level in comparison.levels:
                if not (0 < level.m <= 1 and 0 < level.u <= 1):
                    found.append(f"{where}, level {level.name!r}: m and u are shares above 0 up to 1")
                if level.says not in SAYS:
                    found.append(f"{where}, level {level.name!r}: says {level.says!r}, not {', '.join(SAYS)}")
            if any(level.m <= 0 or level.u <= 0 for level in comparison.levels):
                continue
            weights = sorted([0.0, *(level.weight for level in comparison.levels)])
            if min(two - one for one, two in pairwise(weights)) < 1e-3:
                found.append(f"{where}: all weights differ from each other and from 0: a weight tells its level")
        known = {(c.name, level.name) for c in self.comparisons for level in c.levels}
        for caution in self.cautions:
            named = [(caution.comparison, level) for level in caution.levels]
            named += [(name, level) for name, levels in caution.unless.items() for level in levels]
            found += [f"caution: {name} has no level {level!r}" for name, level in named if (name, level) not in known]
        limits = self.thresholds
        if not 0 < limits.possible <= limits.review <= limits.link < 1 or not 0 < limits.cluster < 1:
            found.append("thresholds: 0 < possible <= review <= link < 1, and 0 < cluster < 1")
        return found

    def for_splink(self) -> dict[str, Any]:
        return {
            "link_type": "dedupe_only",
            "unique_id_column_name": "unique_id",
            "probability_two_random_records_match": self.prior,
            "comparisons": [_for_splink(comparison) for comparison in self.comparisons],
            "blocking_rules_to_generate_predictions": [],
            "retain_matching_columns": False,
            "retain_intermediate_calculation_columns": True,
        }


def _caution(entry: dict[str, Any]) -> Caution:
    unless = {name: tuple(levels) for name, levels in entry["unless"].items()}
    return Caution(entry["comparison"], tuple(entry["levels"]), unless, entry["words"])


def _comparison(entry: dict[str, Any]) -> Comparison:
    levels = tuple(
        Level(
            name=level["name"],
            when=level.get("when"),
            says=level["says"],
            words=level.get("words", entry["title"]),
            english=level.get("english", entry["english"]),
            m=float(level["m"]),
            u=float(level["u"]),
        )
        for level in entry["level"]
    )
    return Comparison(entry["name"], entry["title"], entry["english"], entry["null"], levels)


def _for_splink(comparison: Comparison) -> dict[str, Any]:
    silence = {"sql_condition": comparison.null, "label_for_charts": "silence", "is_null_level": True}
    levels = [
        {
            "sql_condition": level.when or "ELSE",
            "label_for_charts": level.name,
            "m_probability": level.m,
            "u_probability": level.u,
        }
        for level in comparison.levels
    ]
    return {"output_column_name": comparison.name, "comparison_levels": [silence, *levels]}
