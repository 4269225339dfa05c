"""Hashes of what is personal: only whoever has the installation's secret can make them."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogue.errors import GovshareError
from catalogue.installation import DBT_PROJECT, Installation
from catalogue.secret import Secret, keyed
from publishing.review import handle

NUMBER = "410702199003070023"


@pytest.fixture
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    monkeypatch.delenv("GOVSHARE_SECRET_FILE", raising=False)
    return Installation(tmp_path / "data", tmp_path / "city", DBT_PROJECT)


def test_a_secret_is_made_once_for_its_owner_only(installation: Installation) -> None:
    with ThreadPoolExecutor(8) as threads:
        made = set(threads.map(lambda _: Secret.of(installation), range(16)))
    assert len(made) == 1
    assert installation.secret_file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in installation.data.iterdir()] == ["secret"]
    [secret] = made
    assert secret.inner != secret.outer and secret.inner not in repr(secret) and secret.outer not in repr(secret)


def test_two_installations_call_the_same_person_differently(installation: Installation, tmp_path: Path) -> None:
    other = Installation(tmp_path / "other", tmp_path / "city", DBT_PROJECT)
    assert handle(installation, NUMBER) != handle(other, NUMBER)
    assert handle(installation, NUMBER) == handle(installation, NUMBER)
    assert not hashlib.sha256(NUMBER.encode()).hexdigest().startswith(handle(installation, NUMBER))


@settings(max_examples=50, derandomize=True, deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40))
def test_sql_and_python_make_the_same_hash(text: str) -> None:
    secret = Secret("ab" * 32, "cd" * 32)
    with duckdb.connect() as connection:
        secret.hand_to(connection)
        [(found,)] = connection.execute(f"select {keyed('$1')}", [text]).fetchall()
    assert found == secret.hash(text)
    assert (
        found
        == hashlib.sha256(("cd" * 32 + hashlib.sha256(("ab" * 32 + text).encode()).hexdigest()).encode()).hexdigest()
    )


@pytest.mark.parametrize("content", ["", "abc", "x" * 128, "A" * 128, "ü" * 64])
def test_a_damaged_secret_is_named_and_not_replaced(installation: Installation, content: str) -> None:
    installation.data.mkdir()
    installation.secret_file.write_text(content, encoding="utf-8")
    with pytest.raises(GovshareError, match="restore the file from backup"):
        Secret.of(installation)
    assert installation.secret_file.read_text(encoding="utf-8") == content


def test_the_file_may_lie_elsewhere(
    installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOVSHARE_SECRET_FILE", str(tmp_path / "keys" / "govshare"))
    made = Secret.of(installation)
    assert Secret.at(tmp_path / "keys" / "govshare") == made and not (installation.data / "secret").exists()
