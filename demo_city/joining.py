"""Two sets of persons or entities, one below the other."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pyarrow as pa

from demo_city.households import Roster
from demo_city.text import flat


def joined(one, other):  # type: ignore[no-untyped-def]
    """Two sets of columns, one below the other; what is no column stays the first's."""
    columns = {}
    for field in fields(one):
        before, after = getattr(one, field.name), getattr(other, field.name)
        if isinstance(before, Roster):
            columns[field.name] = joined(before, after)
        elif isinstance(before, pa.Array):
            columns[field.name] = flat(pa.chunked_array([before, after]))
        elif isinstance(before, np.ndarray):
            columns[field.name] = np.concatenate([before, after]).astype(before.dtype)
        else:
            columns[field.name] = before
    return type(one)(**columns)
