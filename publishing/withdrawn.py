"""What was rolled back of a table, and whether it is held: kept in ``withdrawn.json`` beside its releases.

It is a decision of a person and cannot be made anew: where it is damaged, the table stays as it is until somebody
decides again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from catalogue.errors import GovshareError
from catalogue.files import write_whole
from catalogue.installation import Installation

FILE = "withdrawn.json"
Batches = Mapping[str, Mapping[str, str]]  # resource → batch → sha256 of its manifest


@dataclass(frozen=True)
class Hold:
    """Nothing newer than ``release`` is released. ``batches``: those that the release rolled back had read and this one
    had not; when one of them has been withdrawn, the hold ends by itself."""

    release: str
    why: str
    at: str
    batches: Batches = field(default_factory=dict)

    def in_force(self, installation: Installation) -> bool:
        """Whether all that was new in the bad release is still there."""
        return all(
            fingerprint == batch_fingerprint(installation, resource, batch)
            for resource, batches in self.batches.items()
            for batch, fingerprint in batches.items()
        )

    def remedy(self, table: str) -> str:
        """How the hold ends."""
        names = [f"{resource} {batch}" for resource, batches in self.batches.items() for batch in batches]
        more = " …" if len(names) > 3 else ""
        cause = f"govshare batch withdraw the one that is wrong ({', '.join(names[:3])}{more}), or " if names else ""
        return f"{cause}govshare resume {table}"


@dataclass(frozen=True)
class Withdrawn:
    """``releases``: numbers of those that were rolled back."""

    releases: frozenset[str] = frozenset()
    hold: Hold | None = None

    def write(self, folder: Path) -> None:
        document = {"releases": sorted(self.releases), "hold": asdict(self.hold) if self.hold else None}
        write_whole(folder / FILE, json.dumps(document, ensure_ascii=False, indent=1))


def withdrawn(folder: Path) -> Withdrawn:
    """What was rolled back of the table with this folder."""
    try:
        document: Any = json.loads((folder / FILE).read_bytes())
        if isinstance(document, list):  # of a govshare that knew no holds
            return Withdrawn(frozenset(document))
        return Withdrawn(frozenset(document["releases"]), Hold(**document["hold"]) if document["hold"] else None)
    except FileNotFoundError:
        return Withdrawn()
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise GovshareError(
            f"what was rolled back cannot be read ({type(error).__name__}), so nothing is released",
            where=str(folder / FILE),
            remedy=f"govshare rollback {folder.name} RELEASE --why … decides anew which release counts",
        ) from None


def batch_fingerprint(installation: Installation, resource: str, batch: str) -> str | None:
    """Of a landed batch; null when it is no longer there."""
    try:
        content = (installation.landing_of(resource) / batch / "manifest.json").read_bytes()
    except OSError:
        return None
    return hashlib.sha256(content).hexdigest()
