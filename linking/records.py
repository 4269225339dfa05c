"""The two relations that linking is given, as columns of one standard shape, and a claim as one record to compare.

What belongs here: which columns are asked for, what of a text is compared. A column that a relation does not have is
silence. What does not: which records are compared (``candidates``), what a person is known by (``evidence``).
"""

from __future__ import annotations

import duckdb

from linking.marks import PERSON, mark
from linking.relatives import kin_columns

COLUMNS = {
    "name": "varchar",
    "former_name": "varchar",
    "sex": "varchar",
    "birth_date": "date",
    "ethnic_group": "varchar",
    "phone": "varchar",
    "household_address": "varchar",
    "residence_address": "varchar",
    "household_number": "varchar",
    "employer_name": "varchar",
    "school_name": "varchar",
    "written_number": "varchar",
    "father_id_number": "varchar",
    "mother_id_number": "varchar",
    "spouse_id_number": "varchar",
}
NUMBERS_OF_RELATIVES = ("father_id_number", "mother_id_number", "spouse_id_number")
# The other persons of the same row, in a further column ``related``.
RELATED = "struct(relation varchar, id_number varchar, name varchar, birth_date date)[]"
# What two records are compared by; the columns of every comparison in ``population.toml``.
RECORD = (
    "unique_id", "own", "number", "papers", "names", "masked", "masked_short", "surnames", "births", "births_near",
    "sexes", "ethnic_groups", "phones", "addresses", "households", "employers", "schools", "kin_numbers",
    "kin_births", "kin_names", "kin_households", "kin_addresses",
)  # fmt: skip


def standardise(
    connection: duckdb.DuckDBPyConnection, relation: str, view: str, keys: tuple[str, ...], related: str | None = None
) -> None:
    """``view``: the relation's ``keys`` and all ``COLUMNS``, empty texts as silence, and number, birth, number_birth.

    ``view``_of(table), of known persons: the rows of those in the table with that name; ``view``_near(table): of those
    whose marks are in it. They pick rows before they bring them into shape, for DuckDB would shape all rows first.
    ``view``_kin: (key, kin_id, kin_name, kin_birth), whom the rows name as related, apart because it is seldom asked
    for and, for all who are known, costly; from the column ``related`` or from the relation of that name.
    Dates are whole numbers (yyyymmdd), which compare and hash faster than dates and texts.
    """
    present = {row[0] for row in connection.execute(f"describe select * from {relation}").fetchall()}
    listed = [key if key in present else f"cast(null as varchar) as {key}" for key in keys]
    for name, kind in COLUMNS.items():
        value = f"cast({name} as {kind})" if name in present else f"cast(null as {kind})"
        listed.append(f"nullif({value}, '') as {name}" if kind == "varchar" else f"{value} as {name}")
    number = "person_id" if "person_id" in keys else "linking_number(written_number)"
    shape = f"""
        select *, {number} as number, linking_day(birth_date) as birth, linking_birth({number}) as number_birth
        from (select {", ".join(listed)} from"""
    connection.execute(f"create or replace temp view {view} as {shape} {relation})")
    if "person_id" in keys:
        connection.execute(f"create or replace temp macro {view}_of(persons) as table {shape} {_of_persons(relation)})")
        near = f"(from {relation} where {mark(PERSON)} in (select person from query_table(persons)))"
        connection.execute(f"create or replace temp macro {view}_near(persons) as table {shape} {near})")
    named = [
        f"select {keys[0]}, {name} as kin_id, cast(null as varchar) as kin_name, cast(null as integer) as kin_birth "
        f"from {view} where {name} is not null"
        for name in NUMBERS_OF_RELATIVES if name in present
    ]  # fmt: skip
    person = "id_number as kin_id, name as kin_name, linking_day(birth_date) as kin_birth"
    if related:
        named.append(f"select {keys[0]}, {person} from {related}")
    elif "related" in present:
        row = f"unnest(cast(related as {RELATED}), recursive := true)"
        named.append(
            f"select {keys[0]}, {person} from (select {keys[0]}, {row} from {relation} where related is not null)"
        )
    nobody = "null::varchar as kin_id, null::varchar as kin_name, null::integer as kin_birth"
    connection.execute(f"""
        create or replace temp view {view}_kin as
        {" union all ".join(named) or f"select {keys[0]}, {nobody} from {view} where false"}
    """)


def only(
    connection: duckdb.DuckDBPyConnection, view: str, persons: str, columns: tuple[str, ...] | None = None
) -> None:
    """Leave of ``view``, ``view``_of and ``view``_kin what is said of those whose marks are in ``persons``.
    ``columns``: of ``view``, where only these are asked for and ``view``_kin is not."""
    connection.execute(f"""
        create or replace temp table {view}_rows as select {", ".join(columns or "*")} from {view}_near('{persons}');
        create or replace temp view {view} as from {view}_rows;
        create or replace temp macro {view}_of(persons) as table {_of_persons(f"{view}_rows")}
    """)
    if not columns:
        connection.execute(f"""
            create or replace temp table {view}_kin_rows as
            from {view}_kin where {mark(PERSON)} in (select person from {persons});
            create or replace temp view {view}_kin as from {view}_kin_rows
        """)


def _of_persons(relation: str) -> str:
    return f"(from {relation} where person_id in (select person_id from query_table(persons)))"


def claim_records(connection: duckdb.DuckDBPyConnection) -> None:
    """The table ``linking_claim_records``: each claim of ``linking_claims`` as one record."""
    connection.execute(f"""
        create or replace temp table linking_claim_records as
        with relatives as (select claim_id, {kin_columns()} from linking_claim_kin group by claim_id),
        homes as (
            select claim_id, linking_list(list(household_number)) as kin_households,
                linking_list(list(distinct linking_address(address))) as kin_addresses
            from linking_homes where by_number group by claim_id
        )
        select
            claims.claim_id as unique_id,
            cast(null as ubigint) as own,
            number,
            case when number is null and length(written_number) >= 6 then [written_number] end as papers,
            linking_list([name, former_name]) as names,
            linking_list(list_concat(linking_masked(name), linking_masked(former_name))) as masked,
            linking_list([linking_masked_short(name), linking_masked_short(former_name)]) as masked_short,
            linking_list([name[1], former_name[1]]) as surnames,
            linking_list([birth]) as births,
            linking_near_days(birth_date) as births_near,
            linking_list([sex]) as sexes,
            linking_list([ethnic_group]) as ethnic_groups,
            linking_list([phone]) as phones,
            linking_list([linking_address(household_address), linking_address(residence_address)]) as addresses,
            linking_list([household_number]) as households,
            linking_list([employer_name]) as employers,
            linking_list([school_name]) as schools,
            kin_numbers, kin_births, kin_names, kin_households, kin_addresses
        from linking_claims as claims
        left join relatives on claims.claim_id = relatives.claim_id
        left join homes on claims.claim_id = homes.claim_id
    """)
