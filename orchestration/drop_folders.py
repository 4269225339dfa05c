"""Sensors for drop folders: new files of a connection are collected soon after they are whole.

One for each connection that has file resources. Which files are whole is ``connectors.files.folder``'s to
say; a half-written one waits for the next look. What was taken before is known to the collection, so that
looking twice costs a look and never a row.
"""

import hashlib
import json
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg

from catalogue.errors import GovshareError
from catalogue.installation import Installation
from catalogue.model import Catalogue, Resource
from connectors.connections import Connections
from connectors.files.folder import SETTLE, Found, finished
from connectors.files.text import Unreadable
from connectors.registry import factory, is_file
from orchestration.keys import landing_key
from orchestration.periods import delivered, of_all_periods, period_of_file

EVERY_SECONDS = 60


def sensors(installation: Installation, catalogue: Catalogue) -> list[dg.SensorDefinition]:
    """``new_files_<connection>`` for each connection of files. They are off until somebody turns them on."""
    of: dict[tuple[str, str], list[Resource]] = defaultdict(list)
    for resource in catalogue.resources.values():
        if is_file(resource):
            of[resource.connector.connection, delivered(resource) or ""].append(resource)
    return [_sensor(installation, connection, by, resources) for (connection, by), resources in sorted(of.items())]


def _sensor(installation: Installation, connection: str, by: str, resources: Sequence[Resource]) -> dg.SensorDefinition:
    titles = "、".join(resource.title for resource in resources)

    @dg.sensor(
        name=f"new_files_{connection}_by_{by}" if by else f"new_files_{connection}",
        target=dg.AssetSelection.assets(*(landing_key(resource.id) for resource in resources)),
        minimum_interval_seconds=EVERY_SECONDS,
        description=f"交换目录 {connection} 有新的完整文件时,归集 {titles}",
    )
    def new_files(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        seen: dict[str, str] = json.loads(context.cursor) if context.cursor else {}
        connections = Connections.load(installation)
        requests: list[dg.RunRequest] = []
        troubles: list[str] = []
        whole: list[Resource] = []
        marks: dict[str, str] = {}
        for resource in resources:
            try:
                found = whole_files(resource, connections)
            except (GovshareError, Unreadable) as error:  # one that is away is no reason to forget the others
                troubles.append(f"{resource.title}: {error}")
                continue
            if by:
                for period, files in _by_period(resource, found):
                    mark = marks[f"{resource.id} {period}"] = _mark(files)
                    if seen.get(f"{resource.id} {period}") != mark:
                        requests.append(_request([resource], mark, period))
            elif found:
                marks[resource.id] = _mark(found)
                if seen.get(resource.id) != marks[resource.id]:
                    whole.append(resource)
        if whole:
            requests.append(_request(whole, "".join(marks[resource.id] for resource in whole)))
        for trouble in troubles:
            context.log.warning(trouble)
        if not requests and not marks.keys() - seen.keys():
            return dg.SkipReason("; ".join(troubles) or "no new file that is whole")
        return dg.SensorResult(run_requests=requests, cursor=json.dumps({**seen, **marks}, ensure_ascii=False))

    return new_files


def whole_files(resource: Resource, connections: Connections) -> list[Found]:
    """The files that the connection's folder holds for a resource and that are not being written any more."""
    watched = of_all_periods(resource) if delivered(resource) else resource
    connector: Any = factory(watched)(watched, connections.get(watched), [])
    try:
        settle = float(connector.options.get("settle", SETTLE))
        now = time.time()
        old = [f for f in connector.folder.find(connector.pattern) if now - f.stamp.modified >= settle]
        return finished(connector.folder, old, settle, connector.options.get("ready"))[0]
    finally:
        connector.close()


def _by_period(resource: Resource, found: Sequence[Found]) -> Iterator[tuple[str, list[Found]]]:
    periods: dict[str, list[Found]] = defaultdict(list)
    for file in found:
        if period := period_of_file(resource, file.name):
            periods[period].append(file)
    yield from sorted(periods.items())


def _mark(files: Sequence[Found]) -> str:
    """Short text that changes with any file's name, size, time or version."""
    told = [f"{f.name} {f.stamp.bytes} {f.stamp.modified} {f.stamp.version}" for f in files]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:16]


def _request(resources: Sequence[Resource], mark: str, period: str | None = None) -> dg.RunRequest:
    return dg.RunRequest(
        run_key=f"{period or ''}{mark}",
        asset_selection=[landing_key(resource.id) for resource in resources],
        partition_key=period,
    )
