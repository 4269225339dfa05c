"""A built city as material to train on, to measure with and to test against: claims and what is true of them.

Reads an installation's warehouse and landing (read-only) and the demo city's truth. Here stands, in SQL, how the
columns that linking asks for are made of claims; the pipeline makes the same in its own models. Nothing here links.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

FROM, TO = (
    "０１２３４５６７８９ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺｘ",
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZX",
)
ADDRESSES = {"civil_affairs.death": "户籍地址", "education.school_enrolment": "户口所在地"}
SAYS_NOTHING = "('', '-', '----', '/', 'N/A', 'NULL', 'null', '无', '不详', '未知', '\\N', '\\n')"
ADDRESS = "(_resource, _batch, _row, _role)"


def read(connection: duckdb.DuckDBPyConnection, data: Path, city: Path | None = None) -> None:
    """Make ``loose``, ``known`` and ``truth`` (claim_id, person: the true number, known: whether anybody tells it).

    ``data``: the installation's folder. The connection's own database must be in memory.
    """
    connection.execute(f"attach if not exists '{data}/warehouse/warehouse.duckdb' as warehouse (read_only)")
    _claims(connection)
    _written(connection)
    _related(connection)
    for table, key, condition in (("loose", "", "is null"), ("known", "id_number as person_id,", "is not null")):
        connection.execute(f"""
            create or replace table {table} as
            select {key} claims.* exclude (id_number, household_address), related.related,
                coalesce(claims.household_address, written.address) as household_address,
                {"written.number as written_number" if table == "loose" else "null::varchar as written_number"}
            from claims
            left join written using {ADDRESS}
            left join related using {ADDRESS}
            where claims.id_number {condition}
        """)
    _truth(connection, city or data / "city")


def _claims(connection: duckdb.DuckDBPyConnection) -> None:
    claims = "warehouse.intermediate.int_population__claims"
    resources = connection.execute(f"select distinct _resource from {claims} order by 1").fetchall()
    keys = " union all ".join(
        f"select _resource, _batch, _row, _record_key from warehouse.staging.stg_{name.replace('.', '__')}"
        for (name,) in resources
    )
    connection.execute("use warehouse")  # its views name their tables without the database
    connection.execute(f"""
        create or replace table memory.claims as
        select
            concat_ws('|', _resource, _batch, _row, _role) as claim_id,
            concat_ws('|', _resource, keys._record_key, _role) as claim_key,
            _resource, _batch, _row, _role, _key_item, _register as register,
            id_number, name, former_name, sex, ethnic_group, birth_date, phone, household_number,
            household_address, residence_address, employer_name, school_name,
            father_id_number, mother_id_number, spouse_id_number
        from {claims}
        left join ({keys}) as keys using (_resource, _batch, _row)
    """)
    connection.execute("use memory")


def _written(connection: duckdb.DuckDBPyConnection) -> None:
    """What the source wrote as the number, and addresses that staging does not take."""
    parts = []
    connection.execute("use warehouse")
    for resource, item, role in connection.execute(
        "select distinct _resource, _key_item, _role from memory.claims order by all"
    ).fetchall():
        has_address = resource in ADDRESSES and role == "person"
        address = f"trim({_half_width(ADDRESSES[resource])}, ' 　\t')" if has_address else "null::varchar"
        department, name = resource.split(".")
        parts.append(f"""
            select '{resource}' as _resource, _batch, _row, '{role}' as _role,
                nullif(regexp_replace(upper({_half_width(item)}), '[^0-9A-Z]', '', 'g'), '') as number,
                case when {address} not in {SAYS_NOTHING} then {address} end as address
            from landing_{department}.{name}
        """)
    connection.execute(f"create or replace table memory.written as {' union all by name '.join(parts)}")
    connection.execute("use memory")


def _half_width(item: str) -> str:
    return f"translate(cast(\"{item}\" as varchar), '{FROM}', '{TO}')"


def _related(connection: duckdb.DuckDBPyConnection) -> None:
    """The other persons of the same row."""
    connection.execute("""
        create or replace table related as
        select one._resource, one._batch, one._row, one._role, list({
            'relation': other._role, 'id_number': other.id_number,
            'name': other.name, 'birth_date': other.birth_date
        } order by other._role) as related
        from claims as one
        join claims as other on one._resource = other._resource and one._batch = other._batch
            and one._row = other._row and one._role <> other._role
        group by all
    """)


def _truth(connection: duckdb.DuckDBPyConnection, city: Path) -> None:
    connection.execute(f"""
        create or replace table truth as
        select claims.claim_id, records.entity as person,
            records.entity in (select person_id from known) as known,
            records.resource, records.role, records.number, records.defect
        from read_parquet('{city}/truth/records/*.parquet') as records
        left join claims on records.resource = claims._resource and records.role = claims._role
            and claims.claim_key = concat_ws('|', records.resource, records.record_key, records.role)
        where records.table_name = 'population' and records.number = 'none'
    """)
