"""Names that a source controls, as errors show them: never somebody's number, never two that look the same."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.shown import looks_like_data, shown_name, shown_names


@pytest.mark.parametrize(
    "name",
    ["410702199003070023", "13800000001", "138 0000 0001", "138-0000-0001", "１３８００００", "1990-03-07", "1990年03月07日",
     "张三13800000001", "91410700MA4000000X", "41070219900307002X", "li@example.com", "2026-04-01T08:30:00"],
)  # fmt: skip
def test_what_looks_like_data_is_described_and_not_shown(name: str) -> None:
    assert looks_like_data(name)
    assert shown_name(name).startswith(f"<{len(name)} characters")
    assert name not in shown_names(["姓名", name]) and "姓名" not in shown_names(["姓名", name])


@pytest.mark.parametrize("name", ["姓名", "身份证号", "column_12", "2026年", "id", "STATUS_2020", "注册资本(万元)"])
def test_a_heading_is_shown_as_it_is(name: str) -> None:
    assert shown_name(name) == name


def test_a_long_name_is_shortened_and_an_invisible_character_is_seen() -> None:
    assert shown_name("长" * 100) == "长" * 40 + "…"
    assert shown_name("身份证号\u200b") == "身份证号<U+200B>"
    assert shown_name("姓\u3000名\xa0") == "姓<U+3000>名<U+00A0>"
    assert shown_name("a\x1b[31m\n") == "a<U+001B>[31m<U+000A>"
    assert shown_names(f"c{i}" for i in range(30)).endswith("c19 …")


@given(st.text(max_size=60))
@settings(max_examples=200, derandomize=True)
def test_no_name_shows_six_digits_in_a_row(name: str) -> None:
    shown = shown_name(name)
    assert shown.isprintable()
    run = 0
    for character in shown:
        run = run + 1 if character.isdigit() else 0
        assert run < 6 or "<U+" in shown
