"""``govshare query``: SQL over the analysts' database, for people, programs and files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from catalogue.errors import GovshareError
from catalogue.installation import Installation
from orchestration.cli.output import Json, errors, people, print_json, table

if TYPE_CHECKING:
    import pyarrow as pa

FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "﹦", "﹢", "﹣", "﹫")  # by which a spreadsheet knows a formula
BLANKS = ("\t", "\r", "\n")  # which it passes over, or begins a cell anew with
SHOWN = 200  # rows; more than a person reads


def query(
    sql: Annotated[str, typer.Argument(metavar="SQL", help='e.g. "select sex, count(*) from population group by all"')],
    all_rows: Annotated[bool, typer.Option("--all", help=f"show every row, not the first {SHOWN}")] = False,
    csv: Annotated[
        str | None, typer.Option("--csv", metavar="FILE", help="write CSV instead; - is standard output")
    ] = None,
    raw: Annotated[
        bool,
        typer.Option("--raw", help="CSV for programs: without the ' that keeps spreadsheets from computing a cell"),
    ] = False,
    parquet: Annotated[Path | None, typer.Option("--parquet", metavar="FILE", help="write Parquet instead")] = None,
    as_json: Json = False,
) -> None:
    """Run SQL over the analysts' database (read only, never locked by a run)."""
    if sum([as_json, csv is not None, parquet is not None]) > 1:
        raise typer.BadParameter("--json, --csv and --parquet exclude each other")
    from publishing.query import query_arrow

    answer = query_arrow(Installation.from_env(), sql)
    if as_json:
        print_json(_records(answer))
    elif csv is not None or parquet is not None:
        _write(answer, csv, parquet, raw)
    else:
        shown = answer if all_rows else answer.slice(0, SHOWN)
        rows = zip(*(column.to_pylist() for column in shown.columns), strict=True)
        people.print(table("", answer.column_names, rows))
        if shown.num_rows < answer.num_rows:
            errors.print(
                f"The first {shown.num_rows:,} of {answer.num_rows:,} rows. "
                "All of them: --all, --csv FILE, --parquet FILE",
                highlight=False,
            )


def harmless(text: str) -> str:
    """Text that no spreadsheet takes for a formula: what a department wrote must run nothing on a clerk's machine.

    >>> harmless("=1+1"), harmless("张三")
    ("'=1+1", '张三')
    """
    return f"'{text}" if text.lstrip().startswith(FORMULA) or text.startswith(BLANKS) else text


def _records(answer: pa.Table) -> list[dict[str, Any]]:
    """Rows as objects; of columns that share a name the later ones get a number, or they would hide each
    other."""
    names: list[str] = []
    for name in answer.column_names:
        count = sum(1 for earlier in names if earlier == name or earlier.startswith(f"{name}_"))
        names.append(f"{name}_{count}" if name in names else name)
    columns = [column.to_pylist() for column in answer.columns]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _write(answer: pa.Table, csv: str | None, parquet: Path | None, raw: bool) -> None:
    target = csv if csv is not None else str(parquet)
    try:
        if parquet is not None:
            import pyarrow.parquet as pq

            pq.write_table(answer, parquet, compression="zstd")
        elif csv == "-":
            _write_csv(answer, sys.stdout, raw)
            return
        else:
            with Path(target).open("w", encoding="utf-8-sig", newline="") as file:  # Excel knows UTF-8 by the mark only
                _write_csv(answer, file, raw)
    except OSError as error:
        raise GovshareError(
            f"cannot write the file: {error.strerror}", where=target, remedy="name another file"
        ) from error
    errors.print(f"{answer.num_rows:,} rows in {target}", highlight=False)


def _write_csv(answer: pa.Table, file: Any, raw: bool) -> None:
    """Lists and structs as JSON, which CSV has no form for. Text is ``harmless`` unless ``raw``."""
    import csv
    import json

    writer = csv.writer(file)
    as_text = (lambda text: text) if raw else harmless
    writer.writerow(map(as_text, answer.column_names))
    for batch in answer.to_batches():
        for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            writer.writerow(
                json.dumps(value, ensure_ascii=False, default=str)
                if isinstance(value, list | dict)
                else as_text(value)
                if isinstance(value, str)
                else value
                for value in row
            )
