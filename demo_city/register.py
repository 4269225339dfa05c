"""What a register is: its records, how a delivery is built from them, and in which system they lie.

Descriptions only. Departments make registers, ``systems`` writes them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from demo_city.delivery import Delivery
from demo_city.office import Office
from demo_city.world import World

# A record's number in its register: the position of its subject and which of the subject's records it is.
RECORDS_EACH = 8


@dataclass(frozen=True)
class Table:
    """A table of a department's database. ``clock`` has an index: collectors ask by it."""

    connection: str
    name: str
    clock: str
    key: str


@dataclass(frozen=True)
class File:
    """Files of a department. ``name`` has ``{part}`` where there are several; ``kind`` is a writer's name.

    ``title``: a line above the header of a spreadsheet, which then stands in row three.
    """

    connection: str
    kind: str
    name: str
    delimiter: str = ","
    title: str | None = None
    records: str | None = None

    @property
    def daily(self) -> bool:
        """Whether every day has a file of its own, with only what is new or changed."""
        return "{day}" in self.name


@dataclass(frozen=True)
class Register:
    """``records``: numbers of all records of a world; ``build``: the clean delivery of some of them.

    ``hears``: of which later events (``changes``) the register learns, so that its records are written anew.
    """

    resource: str
    place: Table | File
    records: Callable[[World], np.ndarray]
    build: Callable[[Office, np.ndarray], Delivery]
    hears: frozenset[str] = frozenset()


def numbered(subjects: np.ndarray, which: int = 0) -> np.ndarray:
    """Record numbers of the ``which``-th record of each subject."""
    return np.asarray(subjects, np.int64) * RECORDS_EACH + which


def subject(records: np.ndarray) -> np.ndarray:
    return records // RECORDS_EACH


def which(records: np.ndarray) -> np.ndarray:
    return records % RECORDS_EACH
