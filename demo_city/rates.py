"""How often each defect happens: ``defects.toml`` at one level. Nothing is spoiled here."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

LEVELS = ("none", "usual", "heavy")
FILE = Path(__file__).parent / "defects.toml"


@dataclass(frozen=True)
class Rates:
    """The declared defects and their shares at ``level``; ``care`` lowers them by resource."""

    level: str
    defects: Mapping[str, Mapping[str, Any]]
    care: Mapping[str, Mapping[str, float]]

    @classmethod
    def load(cls, level: str, file: Path = FILE) -> Rates:
        if level not in LEVELS:
            raise ValueError(f"level {level!r} is none of {', '.join(LEVELS)}")
        document = tomllib.loads(file.read_text(encoding="utf-8"))
        return cls(level, document, document.pop("care", {}))

    def rate(self, defect: str, resource: str) -> float:
        """Share of eligible rows or values of the resource that get the defect."""
        if self.level == "none":
            return 0.0
        return min(1.0, self.defects[defect][self.level] * self.care.get(resource, {}).get(defect, 1.0))

    def repairable(self, defect: str) -> bool:
        return self.defects[defect]["repairable"]

    def of_rows(self, defect: str, resource: str) -> float:
        """As ``rate`` for a defect of whole rows; zero where the resource is not named."""
        on = self.defects[defect]["on"]
        return self.rate(defect, resource) if "*" in on or resource in on else 0.0

    def for_kinds(self, kinds: set[str]) -> list[str]:
        """Defects of columns of these kinds, in the order of the file."""
        return [name for name, defect in self.defects.items() if kinds & set(defect["on"])]

    def strike(self, rng: np.random.Generator, defect: str, resource: str, count: int) -> np.ndarray:
        """Which of ``count`` rows a defect of whole rows hits."""
        return rng.random(count, dtype=np.float32) < self.of_rows(defect, resource)
