"""What a build has to do: nothing, go on from the last one, or everything; and how that is told to dbt.

What the last build left, and what is told to dbt, is written down by ``inputs``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from importlib.metadata import version

from catalogue.day import day_of_build
from catalogue.dbt import project_fingerprint
from catalogue.installation import Installation
from catalogue.model import Catalogue, staging_model
from catalogue.secret import Secret
from connectors.manifest import EMPTY
from linking.settings import FILE as WEIGHTS
from orchestration import warehouse
from orchestration.batches import Batch, Landed, damaged_parts, landed, missing
from orchestration.held import DAMAGED, Held, hold_now, words_of
from orchestration.held import read as read_held
from orchestration.inputs import decision_files, last_build

ENGINES = ("govshare", "dbt-core", "dbt-duckdb", "duckdb")
AS_BEFORE = "as_before"  # tag of models that are the same in every build of one project
NOT_BUILT = ("test", "unit_test", "snapshot")


@dataclass(frozen=True)
class Build:
    """``project``: fingerprint of all that the build depends on but batches, reviewers' decisions and the day.
    ``found``: what has landed. ``past``: the batches that the last build read, by resource. ``decisions``: length and
    hash of each file of reviewers' decisions. ``day``: what is valid, is so on it. ``full``: nothing of the last build
    can be kept. ``held``: resources that are left at their last good state. ``staged``: of these, what the warehouse
    has (batch → rows). ``built``: fingerprint of the last build. ``name``: by which staged rows know the build."""

    project: str
    found: Landed
    past: Mapping[str, list[str]]
    decisions: Mapping[str, tuple[int, str]]
    day: date
    full: bool
    held: Mapping[str, Held] = field(default_factory=dict)
    staged: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    built: str | None = None
    name: str = ""

    @property
    def fingerprint(self) -> str:
        """Of all that the build depends on."""
        marks = {resource: {name: b.mark for name, b in batches.items()} for resource, batches in self.found.items()}
        held = {resource: [entry.kind, sorted(entry.batches)] for resource, entry in self.held.items()}
        facts = (marks, self.decisions, held)
        return _hash(self.project, str(self.day), *(json.dumps(fact, sort_keys=True) for fact in facts))

    @property
    def done(self) -> bool:
        """Whether the warehouse is already what this build would make of it."""
        return self.built == self.fingerprint

    @property
    def kept(self) -> dict[str, Mapping[str, int]]:
        """Held resources whose staged rows stay as the warehouse has them (batch → rows), for they cannot be staged."""
        return {
            resource: self.staged[resource]
            for resource, entry in self.held.items()
            if resource in self.staged
            and not {*self.staged[resource], *self.past.get(resource, ())}.isdisjoint(entry.batches)
        }

    @property
    def batches(self) -> dict[str, list[str]]:
        """By resource the batches that the warehouse will have: of one that is held those of its last good state."""
        return {resource: self._batches(resource, found) for resource, found in self.found.items()}

    def _batches(self, resource: str, found: Mapping[str, Batch]) -> list[str]:
        names = [name for name in found if name != EMPTY]
        if resource not in self.held:
            return names
        past = self.past.get(resource)
        if resource in self.kept:
            return past or sorted(self.staged[resource])
        blamed = self.held[resource].batches
        return [n for n in names if n not in blamed and not found[n].wrong and (past is None or n in past)]

    @property
    def new(self) -> dict[str, list[str]]:
        """Batches that the last build did not read."""
        fresh = {r: [n for n in names if n not in self.past.get(r, ())] for r, names in self.batches.items()}
        return {r: names for r, names in fresh.items() if names and r not in self.held}

    @property
    def arguments(self) -> list[str]:
        """dbt's command line for this build."""
        return arguments(self.full, self.found, self.new, self.kept)

    def again_without(self, done: Iterable[str]) -> list[str]:
        """The same after a call of dbt that ended half-way: what it has not ``done`` yet."""
        return [*self.arguments, *_without(done)]

    def holding(self, held: Mapping[str, Held], installation: Installation) -> Build:
        """The same build with more resources held."""
        held = {**self.held, **held}
        staged = warehouse.staged(installation, {resource: _model(resource) for resource in held})
        return replace(self, held=held, staged=staged)

    def checked(self, installation: Installation) -> Build:
        """The same, after hashing what it is going to read: a resource with a damaged part is held."""
        work = self.holding({}, installation)
        reads = work.batches if work.full else work.new
        files = [(r, work.found[r][name]) for r, names in reads.items() if r not in work.kept for name in names]
        held = {}
        for resource, wrong in damaged_parts(files).items():
            marks = {name: work.found[resource][name].mark for name in wrong}
            held[resource] = hold_now(DAMAGED, words_of(wrong), marks, self.project)
        return work.holding(held, installation) if held else work


def arguments(full: bool, resources: Iterable[str], new: Container[str], kept: Iterable[str] = ()) -> list[str]:
    """dbt's command line for a build: a ``full`` one of all ``resources`` but those whose staging is ``kept``, or one
    that goes on with those that have ``new`` batches."""
    kinds = [word for kind in NOT_BUILT for word in ("--exclude-resource-type", kind)]
    if full:
        return ["build", *kinds, "--full-refresh", *_without(map(_model, kept))]
    # Code tables belong to the project: where that is the same, they are, as are views that say nothing of a build.
    # What is not new, is staged already.
    idle = [_model(resource) for resource in resources if resource not in new]
    return ["build", *kinds, "--exclude-resource-type", "seed", *_without([f"tag:{AS_BEFORE}", *idle])]


def _model(resource: str) -> str:
    return staging_model(*resource.split("."))


def _without(models: Iterable[str]) -> list[str]:
    return [word for model in models for word in ("--exclude", model)]


def next_build(installation: Installation, catalogue: Catalogue) -> Build:
    """Compare what has landed, the project and the engines with what the last build read.

    A batch that was withdrawn or a decision that has gone, another project, another engine, other weights of linking or
    another way of doing it make it a full one: increments only add. A batch that is damaged, or has gone though nobody
    withdrew it, holds its resource.
    """
    resources = catalogue.resources.values()
    versions = [f"{package} {version(package)}" for package in ENGINES]
    linking = [path.read_text(encoding="utf-8") for path in (WEIGHTS, *sorted(WEIGHTS.parent.glob("*.py")))]
    # Other keys are other ids and hashes, so nothing of the last build is kept.
    keys = Secret.of(installation).hash("built with these keys")
    project = _hash(project_fingerprint(installation), *linking, *versions, keys)
    decided = {path.name: path.read_bytes() for path in decision_files(installation)}
    decisions = {name: (len(text), hashlib.sha256(text).hexdigest()) for name, text in decided.items()}
    found = landed(installation, resources)
    built = last_build(installation)
    past = built.get("batches", {})
    gone = any(
        set(names) - set(found.get(resource, ())) - set(missing(installation, resource, names, found.get(resource, {})))
        for resource, names in past.items()
    ) or any(
        hashlib.sha256(decided.get(name, b"")[:length]).hexdigest() != known
        for name, (length, known) in built.get("decisions", {}).items()
    )
    work = Build(
        project=project,
        found=found,
        past=past,
        decisions=decisions,
        # What is valid depends on the day, so yesterday's warehouse is not today's even if nothing has landed.
        day=day_of_build(),
        full=gone or built.get("project") != project,
        held=_held(installation, found, past, project),
        built=built.get("fingerprint"),
    )
    return replace(work, name=work.fingerprint[:16])


def _held(installation: Installation, found: Landed, past: Mapping[str, list[str]], project: str) -> dict[str, Held]:
    """What is wrong at a glance, and what the last build found and still is."""
    known, held = read_held(installation), {}
    for resource, batches in found.items():
        wrong = {name: batch.wrong for name, batch in batches.items() if batch.wrong and name != EMPTY}
        wrong |= {name: "is missing" for name in missing(installation, resource, past.get(resource, ()), batches)}
        before = known.get(resource)
        if wrong:
            marks = {name: batches[name].mark if name in batches else "" for name in wrong}
            entry = hold_now(DAMAGED, words_of(wrong), marks, project)
            held[resource] = replace(entry, since=before.since) if before else entry
        elif before and before.in_force(resource, batches, project):
            held[resource] = before
    return held


def _hash(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
