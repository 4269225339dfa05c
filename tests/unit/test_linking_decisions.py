"""The file of reviewers' decisions: whole at any time, appended by several, read as linking reads it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import duckdb

from linking import decisions

AT = datetime(2026, 5, 1, 12)


def stored(data: Path) -> list[tuple]:
    connection = duckdb.connect()
    name = decisions.relation(connection, data)
    return connection.sql(f"from {name} order by claim_key").fetchall() if name else []


def test_without_a_file_nobody_has_decided(tmp_path: Path) -> None:
    assert stored(tmp_path) == [] and decisions.read(tmp_path) == []


def test_a_decision_is_read_as_it_was_taken_down(tmp_path: Path) -> None:
    decisions.append(tmp_path, 'a.b|k,"1"|person', None, "different", "王, 审核", AT)
    assert stored(tmp_path) == [('a.b|k,"1"|person', None, "different", "王, 审核", AT)]
    [one] = decisions.read(tmp_path)
    assert one["claim_key"] == 'a.b|k,"1"|person' and one["person_id"] == ""


def test_decisions_on_legal_entities_have_a_file_of_their_own(tmp_path: Path) -> None:
    decisions.append(tmp_path, "a.b|k|entity", "91410700MA44AAAA1X", "same", "王", AT, table="legal_entity")
    [one] = decisions.read(tmp_path, "legal_entity")
    assert one["credit_code"] == "91410700MA44AAAA1X" and decisions.read(tmp_path) == []


def test_reviewers_at_a_time_lose_no_decision(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as reviewers:
        list(reviewers.map(lambda n: decisions.append(tmp_path, f"a.b|{n}|person", "P", "same", "x", AT), range(20)))
    assert [row[0] for row in stored(tmp_path)] == sorted(f"a.b|{n}|person" for n in range(20))


def test_a_file_made_by_hand_without_a_last_line_break_is_continued(tmp_path: Path) -> None:
    file = decisions.file_of(tmp_path)
    file.parent.mkdir()
    file.write_text("claim_key,person_id,verdict,by,at\na.b|1|person,P,same,x,2026-05-01 12:00:00", encoding="utf-8")
    decisions.append(tmp_path, "a.b|2|person", "P", "same", "x", AT)
    assert [row[0] for row in stored(tmp_path)] == ["a.b|1|person", "a.b|2|person"]
