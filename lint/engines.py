"""Whether the models are SQL for DuckDB and for Spark: both compiled and parsed, and Spark's looked through.

A parser is generous: it takes functions that nobody has, other engines' types, and names that Spark wants in quotes.
So the words of the SQL are looked at one by one. ``spark_functions.txt`` says which functions Spark has.

    python -m lint.engines
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import duckdb
from sqlglot.dialects import Spark
from sqlglot.errors import ErrorLevel, ParseError, TokenError
from sqlglot.tokens import Token, TokenType

from catalogue.installation import DBT_PROJECT, Installation
from lint.compiled import compiled

FUNCTIONS = Path(__file__).with_name("spark_functions.txt")
# What else may stand before a bracket.
NO_FUNCTIONS = {"try_cast", "timestampdiff", "as", "on", "join", "from", "where", "having", "by", "select", "then",
                "else", "using", "is", "all", "distinct", "union", "except", "intersect", "over", "with",
                "values"}  # fmt: skip
TYPES = {"string", "bigint", "int", "integer", "smallint", "tinyint", "double", "float", "decimal", "boolean", "date",
         "timestamp", "timestamp_ntz", "timestamp_ltz", "binary", "array", "map", "struct"}  # fmt: skip
SIZED = {"varchar", "char"}  # types only with a length behind them
LOST_BACKSLASH = re.compile(r"(?<!\\)(\\\\)*\\[^\\']")
ENDS_VALUE = {TokenType.VAR, TokenType.IDENTIFIER, TokenType.R_PAREN, TokenType.R_BRACKET}


@dataclass(frozen=True)
class Finding:
    """What is wrong in a piece of SQL: the word, why, and what stands around it."""

    word: str
    why: str
    around: str

    def __str__(self) -> str:
        return f"{self.word}: {self.why}\n    … {self.around} …"


def wrong_on_spark(sql: str) -> list[Finding]:
    """What Spark would refuse or take for something else, each kind of thing once."""
    try:
        words = Spark().tokenize(sql)
        found = {(finding.word, finding.why): finding for finding in _look_through(sql, words)}
        Spark().parser(error_level=ErrorLevel.IMMEDIATE).parse(words, sql)
    except ParseError as error:
        place = error.errors[0]
        around = " ".join(str(place[part]) for part in ("start_context", "highlight", "end_context"))
        return [Finding(str(place["highlight"]), str(place["description"]), _short(around))]
    except TokenError as error:
        return [Finding("?", str(error), "")]
    return list(found.values())


def wrong_on_duckdb(sql: str) -> list[Finding]:
    """DuckDB's own parser; what functions there are, builds and tests tell."""
    try:
        duckdb.extract_statements(sql)
    except duckdb.Error as error:
        return [Finding("?", str(error).splitlines()[0], _short(str(error)[-200:]))]
    return []


LOOKS = {"spark": wrong_on_spark, "duckdb": wrong_on_duckdb}


def findings(installation: Installation, engines: Iterable[str] = LOOKS) -> dict[tuple[Path, str], list[Finding]]:
    """File and engine → what is wrong."""
    found = {}
    for engine in engines:
        for file, sql in compiled(installation, engine).items():
            if wrong := LOOKS[engine](sql):
                found[file, engine] = wrong
    return found


def _look_through(sql: str, words: list[Token]) -> Iterator[Finding]:
    casts: list[bool] = []  # for each open bracket, whether it is a cast's
    for before, word, after in zip([None, *words], words, [*words[1:], None], strict=False):
        if word.token_type == TokenType.L_PAREN:
            casts.append(before is not None and before.text.lower() in ("cast", "try_cast"))
        elif word.token_type == TokenType.R_PAREN and casts:
            casts.pop()
        opens = after is not None and after.token_type == TokenType.L_PAREN
        behind_as = before is not None and before.token_type == TokenType.ALIAS
        as_type = behind_as and bool(casts) and casts[-1]
        if why := _why_wrong(sql, word, before, opens, behind_as, as_type):
            yield Finding(word.text, why, _short(sql[max(word.start - 60, 0) : word.end + 60]))


def _why_wrong(sql: str, word: Token, before: Token | None, opens: bool, behind_as: bool, as_type: bool) -> str | None:
    kind, text = word.token_type, word.text.lower()
    if kind == TokenType.STRING and sql[word.start] == '"':
        return "in double quotes it is a text on Spark"
    if kind == TokenType.STRING and LOST_BACKSLASH.search(sql[word.start : word.end + 1]):
        return "Spark takes a backslash away: text_constant('…'), or a pattern's macro"
    if kind == TokenType.L_BRACKET and (before is None or before.token_type not in ENDS_VALUE):
        return "Spark writes a list as array(…)"
    if kind == TokenType.VAR and not text.isascii():
        return "a name that is not ASCII needs quotes on Spark: item('…')"
    if as_type and text not in TYPES and not (opens and text in SIZED):
        return "Spark has no such type"
    if opens and not behind_as and kind != TokenType.IDENTIFIER and text.isidentifier() and text not in _functions():
        return "Spark has no such function"
    return None


@cache
def _functions() -> frozenset[str]:
    lines = FUNCTIONS.read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if not line.startswith("#")) | NO_FUNCTIONS


def _short(text: str) -> str:
    return " ".join(text.split())[:160]


def main() -> int:
    here = Installation.from_env()
    # Kept from one time to the next: what dbt has parsed need not be parsed again.
    found = findings(Installation(here.data / "lint", here.city, here.content))
    for (file, engine), wrong in found.items():
        for finding in wrong:
            print(f"{DBT_PROJECT.name}/{file}: its SQL for {engine}: {finding}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
