"""Progress for people: a line for each resource, build and table, moving on a terminal, written once
elsewhere."""

from __future__ import annotations

import threading

from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from orchestration.cli.output import people

WIDTH_OF_A_NOTE = 90


class Bars:
    """Listens to ``orchestration.progress``; afterwards knows how everything ended.

    ``notes`` and ``rows`` by (stage, name); ``failures`` by name, of what did not come right in the end; ``left_out``
    by name, what of a source was not landed.
    """

    def __init__(self) -> None:
        self._progress = Progress(
            SpinnerColumn(finished_text=" "),
            TextColumn("{task.description}", justify="left"),
            TextColumn("{task.fields[rows]}", justify="right"),
            TextColumn("{task.fields[rate]}", justify="right"),
            TextColumn("{task.fields[note]}"),
            TimeElapsedColumn(),
            console=people,
            disable=not people.is_terminal,
        )
        self._tasks: dict[tuple[str, str], TaskID] = {}
        self._lock = threading.Lock()
        self.notes: dict[tuple[str, str], str] = {}
        self.rows: dict[tuple[str, str], int] = {}
        self.failures: dict[str, str] = {}
        self.left_out: dict[str, str] = {}

    def __enter__(self) -> Bars:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        for task in self._progress.tasks:  # an interrupted one has no end of its own
            self._progress.stop_task(task.id)
        self._progress.stop()

    def failed(self, name: str, words: str) -> None:
        self.failures.setdefault(name, words)

    def held(self, name: str, words: str) -> None:
        """A resource that stays as it was; it may have failed to be collected as well."""
        self.failures[name] = "; ".join(filter(None, [self.failures.get(name), words]))

    def step(
        self, stage: str, name: str, *, rows: int | None, seconds: float | None, done: bool, note: str, left_out: str
    ) -> None:
        with self._lock:
            if left_out:
                self.left_out[name] = left_out
            self._step((stage, name), rows, seconds, done, note)

    def _step(self, key: tuple[str, str], rows: int | None, seconds: float | None, done: bool, note: str) -> None:
        stage, name = key
        if key not in self._tasks:
            self._tasks[key] = self._progress.add_task(
                f"  {stage:<8}{escape(name)}", total=None, rows="", rate="", note=""
            )
        task = self._tasks[key]
        if rows is not None:
            self.rows[key] = rows
            elapsed = seconds or self._progress.tasks[task].elapsed or 0
            rate = f"{rows / elapsed:,.0f}/s" if stage == "collect" and rows and elapsed > 0.01 else ""
            self._progress.update(task, rows=f"{rows:,} rows", rate=rate)
        if note:
            self._progress.update(task, note=escape(note.splitlines()[0][:WIDTH_OF_A_NOTE]))
        if done:
            self.notes[key] = note
            self.failures.pop(name, None)
            if note.startswith("failed"):
                self.failures[name] = note.removeprefix("failed: ")
            self._end(key, task, failed=note.startswith("failed"))

    def _end(self, key: tuple[str, str], task: TaskID, failed: bool) -> None:
        sign = "[red]✗[/]" if failed else "[green]✓[/]"
        description = f"{sign} {key[0]:<8}{escape(key[1])}"
        self._progress.update(task, description=description, total=1, completed=1)
        if not people.is_terminal:
            fields = self._progress.tasks[task].fields
            people.print(
                f"{description:<62}{fields['rows']:>16}{fields['rate']:>14}  {fields['note']}",
                highlight=False,
            )
