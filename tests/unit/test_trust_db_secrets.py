"""Secrets of connections: put into URLs as they are meant, and masked by their value wherever they would be shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.collecting import Office, database_resource

from catalogue.redaction import without_numbers
from connectors.base import CollectError
from connectors.connections import Connections
from connectors.databases.settings import Source
from connectors.secrets import masked, remember

RESOURCE = database_resource()


def url_of(folder: Path, template: str) -> str:
    return Connections.load(Office(folder, f'url = "{template}"').installation).get(RESOURCE).url(RESOURCE)


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=12))
@example("p@ss#1/w%40:x?y&z+ ")
@settings(derandomize=True, max_examples=50)
def test_any_password_arrives_as_it_is(tmp_path_factory: pytest.TempPathFactory, password: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OFFICE_PASSWORD", password.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape"))
        url = url_of(tmp_path_factory.mktemp("city"), "postgresql://reader:${OFFICE_PASSWORD}@db:5432/x")
    made = sa.make_url(url)
    assert (made.username, made.password, made.host, made.database) == ("reader", password, "db", "x")


@pytest.mark.parametrize(
    ("template", "value", "url"),
    [
        ("${ALL}", "postgresql://u:p%40s@db/x", "postgresql://u:p%40s@db/x"),
        ("postgresql://u@${ALL}/x", "10.1.2.3:5432", "postgresql://u@10.1.2.3:5432/x"),
        ("postgresql://${ALL}/x", "u:p@db", "postgresql://u:p@db/x"),
        ("https://api/x?token=${ALL}&page=1", "a&b=c", "https://api/x?token=a%26b%3Dc&page=1"),
        ("${ALL}://u@db/x", "mysql", "mysql://u@db/x"),
        ("postgresql://u@db/${ALL}", "人口", "postgresql://u@db/人口"),
        ("postgresql://${ALL}:x@db/y", "u@site", "postgresql://u%40site:x@db/y"),
    ],
)
def test_a_variable_is_escaped_where_it_is_a_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, template: str, value: str, url: str
) -> None:
    monkeypatch.setenv("ALL", value)
    assert url_of(tmp_path, template) == url


@pytest.mark.parametrize("secret", ["p@ss#w0rd", "quer'y\"x", "多字节密码", "a/b/c/d", "tab\tbed", "100%sure!"])
def test_a_secret_is_masked_in_every_spelling(secret: str) -> None:
    remember(secret)
    from urllib.parse import quote, quote_plus

    for form in (secret, quote(secret), quote(secret, safe=""), quote_plus(secret), repr(secret)[1:-1]):
        assert form not in masked(f"login failed for u:{form}@host") and "***" in masked(f"x {form} y")
        assert form not in without_numbers(f"said {form}")  # the net under all errors and logs
        assert form not in str(CollectError(f"refused: {form}"))


def test_short_secrets_are_masked_as_words_only() -> None:
    remember("abcde")
    remember("abc")
    assert masked("abcde abcdef abc u:abcde@h") == "*** abcdef abc u:***@h"


def test_secrets_that_stand_in_the_settings_are_masked_too(tmp_path: Path) -> None:
    office = Office(tmp_path, 'url = "mysql://u:plain%40text@db/x"\nheaders = {Authorization = "Bearer t0ken-abc"}')
    Connections.load(office.installation).get(RESOURCE)
    assert masked("plain@text and Bearer t0ken-abc") == "*** and ***"


class Refused(Exception):
    sqlstate = "22P02"


@pytest.mark.parametrize(
    ("error", "said", "hidden"),
    [
        (Refused('ERROR: invalid input syntax for type integer: "410702199003070023x"'), "22P02", "4107"),
        (Refused("ERROR: invalid input syntax for type date: \"it's '张三'\""), "type date", "张三"),
        (Exception(1292, "Truncated incorrect DOUBLE value: '张三 410702'"), "1292", "张三"),
        (Exception(245, b"Conversion failed when converting the varchar value 'Zhang San' to data type int"), "245", "Zhang"),
        (Exception("ORA-01861: literal does not match\nvalue 41070219900307"), "ORA-01861", "4107"),
        (Exception("near 41070219900307 unexpected"), "unexpected", "41070"),
        (ValueError(), "ValueError", "()"),
    ],
)  # fmt: skip
def test_what_a_driver_says_of_a_row_is_not_shown(error: Exception, said: str, hidden: str) -> None:
    source = Source("postgresql://u:p@h/x", "测试局", "office", table="t")
    shown: Any = source.refused(error)
    assert said in str(shown) and hidden not in str(shown)
