"""Which file a row goes to, and files that appear only when they are complete."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
import pyarrow as pa

from demo_city.delivery import Delivery, Item
from demo_city.register import File

UNFINISHED = ".part"
T = TypeVar("T")  # what a subclass keeps of a file being written


def delivered(delivery: Delivery) -> list[Item]:
    """The columns that the department delivers, in order."""
    return [item for item in delivery.items.values() if item.name not in delivery.inner]


class Parts(ABC, Generic[T]):
    """A writer for several files side by side. Subclasses open one, add rows to it and finish it."""

    def __init__(self, folder: Path, place: File, words: Mapping[str, str]) -> None:
        self.folder, self.place, self.words = folder, place, words
        self.open: dict[str, T] = {}

    def write(self, delivery: Delivery) -> None:
        for part, rows in _rows_by_part(delivery):
            name = self.place.name.format(part=part, **self.words)
            if name not in self.open:
                self.open[name] = self.begin(self.folder / (name + UNFINISHED), delivery)
            self.add(self.open[name], delivery, rows)

    def close(self) -> None:
        for name, file in self.open.items():
            self.finish(file)
            os.replace(self.folder / (name + UNFINISHED), self.folder / name)
        self.open = {}

    @abstractmethod
    def begin(self, path: Path, delivery: Delivery) -> T: ...
    @abstractmethod
    def add(self, file: T, delivery: Delivery, rows: np.ndarray | None) -> None: ...
    @abstractmethod
    def finish(self, file: T) -> None: ...


def _rows_by_part(delivery: Delivery) -> Iterator[tuple[str, np.ndarray | None]]:
    """Names of parts with their rows; null for all rows."""
    if delivery.part is None:
        yield "", None
        return
    encoded = delivery.part.dictionary_encode()
    codes = np.asarray(encoded.indices)
    names = encoded.dictionary.to_pylist()
    for name in sorted(names):
        yield name, np.flatnonzero(codes == names.index(name))


def of_rows(values: pa.Array, rows: np.ndarray | None) -> pa.Array:
    return values if rows is None else values.take(pa.array(rows))
