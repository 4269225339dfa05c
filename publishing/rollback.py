"""Going back to an older release, and staying there until what was wrong is gone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from catalogue.checksums import all_wrong
from catalogue.errors import GovshareError
from catalogue.installation import Installation
from publishing.files import point
from publishing.release import CONFIRMED, Release, alone, release_as
from publishing.released import CURRENT, ReleaseError, current_number, expected_files, manifest_of, numbers
from publishing.withdrawn import Hold, Withdrawn, batch_fingerprint, withdrawn

BATCHES = "batches"  # in a release's lineage: resource → number of the newest batch that it knows


def rollback(installation: Installation, table: str, release: str | None = None, *, why: str) -> Release:
    """Make an older release of ``table`` current again (by default the one before the current one) and hold it there.

    Everything newer counts as withdrawn: its content is not published again. Nothing else is either, as long as the
    batches are there that the current release had read and this one had not; without any, until ``resume``. Going to
    the newest release takes a roll-back back. Readers of ``current`` see it at once; the analysts' database is for the
    caller. Raises ``ReleaseError`` for a release that is not there or damaged.
    """
    with alone(installation):
        return _rollback(installation, table, release, why)


def _rollback(installation: Installation, table: str, release: str | None, why: str) -> Release:
    folder = installation.published / table
    known = numbers(folder)
    if not known:
        raise ReleaseError(
            "this table has no release", where=table, remedy="govshare releases lists what has been published"
        )
    now = current_number(installation, table) or known[-1]
    release = release or max((number for number in known if number < now), default=None)
    if release not in known or release is None:
        words = f"there is no release {release}" if release else f"there is none before release {now}"
        raise ReleaseError(words, where=table, remedy="govshare releases lists what there is")
    good = manifest_of(folder / release)
    for expected, words in all_wrong(expected_files(good)):
        raise ReleaseError(
            f"release {release} is damaged: {expected.path.name} {words}", where=table, remedy="choose another release"
        )
    try:
        before = withdrawn(folder).releases
    except GovshareError:  # damaged; this is the decision anew
        before = frozenset()
    newer = {number for number in known if number > release}
    hold = Hold(release, why, _now(), _new_batches(installation, good, table, max(newer, default=release)))
    Withdrawn((before | newer) - {release}, hold if newer else None).write(folder)
    point(folder / CURRENT, release)
    (folder / CONFIRMED).unlink(missing_ok=True)  # the next run looks at this table again
    return release_as(good, "rolled back")


def resume(installation: Installation, table: str) -> Hold:
    """End the hold: the next run releases the table again. What was rolled back stays so: its very content is not
    published. Gives the hold that was."""
    folder = installation.published / table
    with alone(installation):
        back = withdrawn(folder)
        if back.hold is None:
            raise ReleaseError("this table is not held", where=table, remedy="govshare releases shows which are")
        Withdrawn(back.releases).write(folder)
        (folder / CONFIRMED).unlink(missing_ok=True)
        return back.hold


def _new_batches(
    installation: Installation, good: Mapping[str, Any], table: str, bad: str
) -> dict[str, dict[str, str]]:
    """Batches that the release ``bad`` had read and ``good`` had not, as far as both tell and they are there."""
    try:
        read: Mapping[str, str] = manifest_of(installation.published / table / bad)["lineage"].get(BATCHES) or {}
    except ReleaseError:
        read = {}
    known = good["lineage"].get(BATCHES)
    found: dict[str, dict[str, str]] = {}
    for resource, newest in read.items() if known is not None else ():
        folder = installation.landing_of(resource)
        names = [path.name for path in sorted(folder.glob("[0-9]" * 6))] if folder.is_dir() else []
        for batch in names:
            mark = batch_fingerprint(installation, resource, batch)
            if known.get(resource, "000000") < batch <= newest and mark:
                found.setdefault(resource, {})[batch] = mark
    return found


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
