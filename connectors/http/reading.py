"""Reading a list so that what was read is a state of it that existed: until two readings agree.

A list that is written to while its pages are asked for gives records twice and others not at all, and neither
their number nor an announced total need show it. So a list of several pages is read twice, one reading after
the other, and taken when both gave the same records (in any order); a third reading is compared with the
second, and so on. What both gave stood in the list between them, and what stood there both would have given.
That costs twice the questions of one reading; a list that one answer gives whole is read once. Pages by number
without a ``total`` are also looked at for what they leave out, once (see ``gaps``).

``verify`` of meta.connector: ``all`` (as above, the default), ``overlap`` (by offset only: one reading, whose
pages overlap by a record: shifts are noticed, changes that make up for one another are not), ``ends`` (one
reading, first and last page asked for again), ``none``. All but ``all`` can skip a record of a list that is
written to, and say so in the report. ``read_again`` (2): how often a changed list is read again.

Keys are counted over all pages: a key that comes on two pages in readings that agree means a source that holds
it twice (then declare ``repeated_keys: true``), or an order that is none, by which other records never come.
Nobody can tell from here, so it is reported and nothing is withdrawn.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy

from connectors.files.json_text import text_of
from connectors.files.reader import column_names
from connectors.files.text import Unreadable
from connectors.http.answers import Page
from connectors.http.body import MOST_NAMES, BadRecord
from connectors.http.client import NotThere
from connectors.http.gaps import need_no_gap, need_nothing_before
from connectors.http.marks import Marks
from connectors.http.paging import Ask, Changed, pages
from connectors.read_report import ReadReport

READ_AGAIN = 2
VERIFIED = {
    "all": None,
    "overlap": "pages are verified where they meet only (`verify: overlap`)",
    "ends": "only the first and the last page are verified (`verify: ends`)",
    "none": "pages are not verified (`verify: none`)",
}
ROUND = (10, 20, 50)  # and every hundred: how many records an interface gives that gives no more
SUM = 1 << 128


@dataclass(frozen=True)
class Line:
    """One record in the working file: its page, its number there, its cells, or its text where it is no object."""

    place: str
    number: int
    cells: Mapping[str, str | None] | None
    raw: str | None


class Reading:
    """One reading of all lists: the records in a working file, and what tells it from another reading."""

    def __init__(self, file: Path, key: Sequence[str], mark: str | None, marks: Marks) -> None:
        self.file, self.key, self.mark, self.marks = file, key, mark, marks
        self.names: dict[str, None] = {}
        self.records = self.bad = self.answers = self.lists = 0
        self.sum = 0
        self.whole = False  # one answer gave everything and said so
        self.ended = False
        self.report = ReadReport()
        self.more: list[str] = []  # what says that the source holds more than was read
        self._raw_names: dict[str, str] = {}
        self._keys, self._pages = array("q"), array("q")

    def add(self, page: Page, spool: IO[str]) -> None:
        self.answers += 1
        if page.silent:
            self.report.remark("empty_answer", where=page.place)
        if page.after_empty:
            self.report.remark("empty_page", where=f"before {page.place}")
        self.records += len(page.records)
        place = json.dumps(page.place)
        for number, (record, text) in enumerate(zip(page.records, page.texts, strict=True), 1):
            whole = hashlib.blake2b(text.encode(), digest_size=16).digest()
            self.sum = (self.sum + int.from_bytes(whole)) % SUM
            if isinstance(record, dict):
                self._named(record)
                self._count(record)
                line = f"[{place}, {number}, {text}, null]\n"
            else:
                bad = isinstance(record, BadRecord)
                self.bad += 1
                if bad and record.repeated:
                    self.report.remark("repeated_name", where=f"{page.place}, record {number}")
                line = json.dumps([page.place, number, None, record.raw if bad else text_of(record)]) + "\n"
            spool.write(line)

    def _named(self, record: Mapping[str, Any]) -> None:
        new = [name for name in record if name not in self.names]
        if not new:
            return
        self.names.update(dict.fromkeys(new))
        if len(self.names) > MOST_NAMES:
            raise Unreadable(
                f"records with more than {MOST_NAMES:,} different names",
                remedy="correct `records` in meta.connector; it leads to an object whose names are values",
            )
        self._raw_names |= {column_names([name])[0]: name for name in new}

    def _count(self, record: Mapping[str, Any]) -> None:
        if self.mark is not None:
            self.marks.add(text_of(record.get(self._raw_names.get(self.mark, ""))))
        key = [text_of(record.get(self._raw_names.get(name, ""))) for name in self.key]
        if key and None not in key:
            self._keys.append(hash((self.lists, *key)))
            self._pages.append(self.answers)

    def repeated(self) -> int:
        """How many records have the key of one on another page of the same list."""
        keys = numpy.array(self._keys, "int64")
        order = numpy.argsort(keys, kind="stable")
        places = numpy.array(self._pages, "int64")[order]
        return int(((numpy.diff(keys[order]) == 0) & (numpy.diff(places) != 0)).sum())

    def agrees(self, other: Reading) -> bool:
        return (self.records, self.sum) == (other.records, other.sum)

    def lines(self) -> Iterator[tuple[Line, int]]:
        """The records, and how much each takes."""
        with self.file.open(encoding="utf-8") as spool:
            for text in spool:
                yield Line(*json.loads(text)), len(text)


class Reader:
    """Reads lists until two readings agree. ``asked``: the parameters of each list, beside paging."""

    def __init__(self, ask: Ask, options: Mapping[str, Any], key: Sequence[str], folder: Path) -> None:
        self.ask, self.options, self.folder = ask, options, folder
        self.key = () if options.get("repeated_keys") else key
        self.verify = str(options.get("verify", "all"))
        if self.verify not in VERIFIED:
            raise Unreadable(f"unknown `verify` {self.verify!r}", remedy=f"use one of {', '.join(VERIFIED)}")
        self.first_is_sure = self.no_gaps = False  # see ``gaps``
        self.paging = str(options.get("paging", {}).get("kind", "none"))
        if self.verify == "overlap" and self.paging != "offset":
            raise Unreadable(
                "pages overlap only where an interface pages by offset", remedy="use `verify: all` in meta.connector"
            )

    def read(
        self,
        asked: Sequence[Mapping[str, Any]],
        mark: str | None,
        marks: Callable[[], Marks],
        report: ReadReport,
    ) -> Reading:
        """The reading that is to be believed; ``mark`` is the watermark item, if there is one."""
        attempts = int(self.options.get("read_again", READ_AGAIN)) + 1
        former: Reading | None = None
        failed = 0
        for number in itertools.count():
            reading = Reading(self.folder / f"records-{number % 2}.jsonl", self.key, mark, marks())
            try:
                self._once(asked, reading)
                if reading.whole or (self.verify != "all" and not reading.repeated()):
                    break
                if former is not None:
                    if reading.agrees(former):
                        break
                    raise Changed("records came, went or moved from page to page while they were read")
                former = reading
            except Changed as change:
                former = reading if reading.ended else None  # one that broke off cannot be compared
                failed += 1
                if failed == attempts:
                    raise Unreadable(
                        f"{change}, {attempts} times in a row",
                        remedy=change.remedy
                        or "collect when the department is not writing, or page by cursor or by "
                        "window of time; leave out `total` if the interface counts something else",
                    ) from None
        self._report(reading)
        report.add(reading.report)
        return reading

    def _once(self, asked: Sequence[Mapping[str, Any]], reading: Reading) -> None:
        first: Page | None = None
        missing: NotThere | None = None
        with reading.file.open("w", encoding="utf-8", errors="surrogatepass") as spool:
            for extra in asked:
                seen: list[Page] = []
                start: list[Page] = []
                count, longest, total = 0, 0, None
                try:
                    for page in self._pages(extra):
                        total = page.total if not seen else total
                        count += len(page.records)
                        longest = max(longest, len(page.records))
                        if not start:
                            self._look_before(page)
                        if len(start) < 2:
                            start.append(page)
                        reading.add(page, spool)
                        seen = [*seen[:1], page]
                        first = first or page
                except NotThere as error:  # one window of several
                    if len(asked) == 1:
                        raise
                    missing = missing or error
                    reading.report.remark("window_404")
                if total is not None and count != total:
                    raise Changed(f"the interface announces {total:,} records and gives {count:,}")
                if self.verify == "ends" and len(seen) > 1 and self.paging in ("page", "offset"):
                    for page in seen:
                        self._need_unchanged(page)
                self._look_between(start, longest)
                self._look_for_more(seen, count, reading)
                reading.lists += 1
        if missing is not None and not reading.answers:
            raise missing
        reading.ended = True
        reading.whole = len(asked) <= 1 and reading.answers <= 1 and (first is None or first.last)

    def _look_for_more(self, seen: Sequence[Page], count: int, reading: Reading) -> None:
        """What the answers themselves say of records that were not asked for."""
        if not seen or not count:
            return
        for name, said in seen[-1].announced.items():
            if said is None:
                if len(seen) == 1:  # null or empty says that it is the last; that it is not there says nothing
                    reading.more.append(f"no answer has the next cursor `{name}`: is `next` of `paging` right?")
            elif isinstance(said, bool):
                reading.more.append(f"`{name}` of the last answer says that more follows: declare `paging`")
            elif said > count:
                reading.more.append(f"`{name}` says {said:,}, and {count:,} came: declare `paging` and `total`")

    def _by_number(self) -> bool:
        return self.verify == "all" and self.paging == "page" and not self.options.get("total")

    def _look_before(self, page: Page) -> None:
        if self._by_number() and not self.first_is_sure and self.options["paging"].get("first") is None:
            self.first_is_sure = need_nothing_before(self.ask, self.options, page)

    def _look_between(self, start: Sequence[Page], longest: int) -> None:
        if self._by_number() and not self.no_gaps and longest and self.options["paging"].get("size"):
            need_no_gap(self.ask, self.options, start, longest)
            self.no_gaps = True

    def _pages(self, extra: Mapping[str, Any]) -> Iterator[Page]:
        overlap, behind = self.verify == "overlap", self.verify != "none"
        return pages(self.ask, self.options, extra, overlap=overlap, behind=behind)

    def _need_unchanged(self, former: Page) -> None:
        """Ask for a page again: a record that was added or removed before it has moved its records."""
        one = {**self.options, "paging": {"kind": "none"}, "params": dict(former.params)}
        for page in pages(self.ask, one, {}):
            if page.digest() != former.digest() or page.total != former.total:
                raise Changed("records moved from page to page while they were read")

    def _report(self, reading: Reading) -> None:
        said = VERIFIED[self.verify]
        if said is not None and not reading.whole:
            reading.report.unknown(said)
        for words in dict.fromkeys(reading.more):
            reading.report.unknown(words)
        repeated = reading.repeated()
        if repeated:
            reading.report.remark("key_on_two_pages", repeated)
        announced = self.options.get("total") or self.paging != "none"
        if not announced and (reading.records in ROUND or (reading.records and reading.records % 100 == 0)):
            reading.report.unknown(f"exactly {reading.records:,} records without paging or total: there may be more")
