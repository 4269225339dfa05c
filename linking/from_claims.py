"""From the merge's claims to the relations that linking asks for, and from its answer to the merge's links.

The columns are those of ``int_population__claims`` (dbt). What is compared, and how, is none of this module's business.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

import duckdb

from catalogue.secret import Secret
from linking import decisions, functions, shared
from linking.link import KNOWN_KEYS, link
from linking.marks import Marks, mark, marks_of
from linking.records import COLUMNS, standardise
from linking.settings import Settings
from linking.suspicions import suspect
from linking.touched import marked, touched

ADDRESS = "_resource, _batch, _row, _role"
CLAIM_ID = f"concat_ws('|', {ADDRESS})"
KIN = "linking_beside_kin"


@dataclass(frozen=True)
class Claims:
    """Relations of the warehouse. ``now``: all claims; ``loose``: those without a usable number, in the shape of
    ``loose``, where they are kept. When a build goes on from the last one: ``former``, what the records that it has
    staged again said before; ``build``, its name, by which claims know that they are of such a record; ``marks`` of all
    that is known now and was before; ``result``, what the last build made of the claims then."""

    now: str
    loose: str | None = None
    former: str | None = None
    build: str = ""
    marks: str = ""
    result: str = ""

    @classmethod
    def of_build(cls, model: str) -> Claims:
        """Those of the build that dbt is just making; ``model`` is the one that asks."""
        inputs = json.loads((_data() / "warehouse" / "inputs.json").read_text(encoding="utf-8"))
        now, loose = "intermediate.int_population__claims", "intermediate.int_population__loose"
        if inputs["full"]:
            return cls(now, loose)
        return cls(
            now, loose, "intermediate.int_population__former_claims", inputs["build"],
            "intermediate.int_population__marks", f"intermediate.{model}__before",
        )  # fmt: skip

    @property
    def new(self) -> str:
        """The claims of records that this build has staged: all, or few."""
        return f"(from {self.now} where _build = '{self.build}')" if self.former else self.now


def links(connection: duckdb.DuckDBPyConnection, claims: Claims) -> duckdb.DuckDBPyRelation:
    """One row a claim without a usable number: its address and keys, entity_id (null: none), method, rule, probability
    and ``candidates`` for the clerk, each with entity_id, probability and reason. And one a claim whose number is
    shared by many (``linking.shared``): entity_id null, the number as its only candidate."""
    settings = Settings.load()
    _shared(connection, claims, f"select candidates[1].entity_id from {claims.result} where rule = '{shared.RULE}'")
    relations(connection, claims)
    decided = decisions.relation(connection, _data())
    loose, kept, marks = "linking_loose", "", None
    if claims.former:
        marks = Marks(claims.marks, settings)
        _again(connection, claims, marks, decided)
        loose = "(from linking_loose where claim_id in (from linking_again))"
        kept = f"""
            union all by name
            select * from {claims.result}
            where {CLAIM_ID} in (select claim_id from linking_loose) and {CLAIM_ID} not in (from linking_again)
        """
    link(connection, loose, "linking_numbered", settings, decided, KIN, marks=marks, secret=_secret())
    return connection.sql(f"""
        select claims._resource, claims._batch, claims._row, claims._role, claims._record_key, claims._claim_key,
            links.person_id as entity_id, case when links.person_id is not null then links.method end as method,
            links.rule, links.probability,
            list({{'entity_id': review.person_id, 'probability': review.probability, 'reason': review.reason}}
                order by review.probability desc, review.person_id) filter (review.person_id is not null) as candidates
        from linking_loose as claims
        join links on claims.claim_id = links.claim_id
        left join review on claims.claim_id = review.claim_id
        group by all
        {kept}
        union all by name
        select _resource, _batch, _row, _role, _record_key, _claim_key,
            null::varchar as entity_id, null::varchar as method, '{shared.RULE}' as rule, null::double as probability,
            [{{'entity_id': id_number, 'probability': null::double, 'reason': null::varchar}}] as candidates
        from {claims.now} where id_number in (select id_number from linking_shared)
    """)


def suspicions(connection: duckdb.DuckDBPyConnection, claims: Claims) -> duckdb.DuckDBPyRelation:
    """Known persons whose number is doubtful: person_id, kind, other_person_id and reason (``suspect``), and
    numbers that are nobody's (``linking.shared``)."""
    _shared(connection, claims, f"select person_id from {claims.result} where kind = '{shared.KIND}'")
    _numbered(connection, claims.now, "linking_numbered")
    nobodys = f"""
        select id_number as person_id, '{shared.KIND}' as kind, null::varchar as other_person_id,
            '同一登记簿中有 ' || names || ' 个不同姓名登记此号码，视为占位，不归集到人' as reason
        from linking_shared
    """
    if not claims.former:
        suspect(connection, "linking_numbered")
        return connection.sql(f"from suspicions union all by name {nobodys}")
    _changed(connection, claims)
    marks = Marks(claims.marks, Settings.load())
    suspect(connection, "linking_numbered", changed="linking_changed_persons", marks=marks)
    return connection.sql(f"""
        from suspicions
        union all by name
        {nobodys}
        union all by name
        select * from {claims.result}
        where kind <> '{shared.KIND}' and person_id not in (from linking_changed_persons)
            and person_id not in (select id_number from linking_shared)
            and (other_person_id is null or other_person_id not in (from linking_changed_persons))
    """)


def loose(connection: duckdb.DuckDBPyConnection, claims: Claims) -> duckdb.DuckDBPyRelation:
    """The new claims without a usable number, in the shape that ``link`` takes and as the merge reads them, with their
    marks; ``related``: the other persons of the claim's row."""
    _beside(connection, claims.new, "linking_beside")
    connection.execute(f"create or replace temp table linking_new_loose as {_loose(claims)}")
    return marked(connection, "linking_new_loose", Settings.load())


def _loose(claims: Claims) -> str:
    # What is kept stands for these claims afterwards, so all of it is.
    said = "said.*" if claims.loose else f"_claim_key, _record_key, {ADDRESS}, {', '.join(COLUMNS)}"
    return f"""
        with beside as (
            select {ADDRESS}, list({{
                'relation': relation, 'id_number': id_number, 'name': name, 'birth_date': birth_date
            }} order by relation) as related
            from linking_beside where person_id is null group by all
        )
        select {CLAIM_ID} as claim_id, _claim_key as claim_key, {said}, related
        from {claims.new} as said left join beside using ({ADDRESS})
        where id_number is null
    """


def marks(connection: duckdb.DuckDBPyConnection, claims: Claims) -> duckdb.DuckDBPyRelation:
    """The marks of the new claims with a usable number."""
    functions.install(connection)
    _numbered(connection, claims.new, "linking_numbered", all_numbers=True)
    _beside(connection, claims.new, "linking_beside")
    standardise(connection, "linking_numbered", "linking_known", KNOWN_KEYS, KIN)
    return connection.sql(marks_of("linking_known", Settings.load()))


def relations(connection: duckdb.DuckDBPyConnection, claims: Claims) -> None:
    """``linking_loose`` (``loose``), ``linking_numbered``, and whom the rows of those name (``KIN``): apart, as few
    steps of linking need that join."""
    _numbered(connection, claims.now, "linking_numbered")
    if claims.former:
        _kin_of_near(connection, claims.now)
    else:
        _beside(connection, claims.now, "linking_beside")
    if claims.loose:
        connection.execute(f"create or replace temp view linking_loose as from {claims.loose}")
    else:
        connection.execute(f"create or replace temp table linking_loose as {_loose(claims)}")


def _shared(connection: duckdb.DuckDBPyConnection, claims: Claims, former: str) -> None:
    """``linking_shared``. A build that goes on looks at the numbers of its records and at ``former``, found before."""
    spoken = f"select id_number from {claims.new} union select id_number from {claims.former} union {former}"
    shared.find(connection, claims.now, Settings.load().shared_names, spoken if claims.former else None)


def _numbered(connection: duckdb.DuckDBPyConnection, claims: str, view: str, all_numbers: bool = False) -> None:
    nobodys = "" if all_numbers else "and id_number not in (select id_number from linking_shared)"
    connection.execute(f"""
        create or replace temp view {view} as
        select id_number as person_id, _register as register, {", ".join(COLUMNS)}
        from {claims} where id_number is not null {nobodys}
    """)


def _rows_of_several(claims: str) -> str:
    return f"select {ADDRESS}, id_number, name, birth_date from {claims} where _of_several"


def _beside(connection: duckdb.DuckDBPyConnection, claims: str, view: str) -> None:
    """``view``: each person of a row with each other one of it; ``view``_kin: of those with a number."""
    connection.execute(f"""
        create or replace temp table {view}_rows as {_rows_of_several(claims)};
        create or replace temp view {view} as {_pairs(f"{view}_rows", f"{view}_rows")};
        create or replace temp view {view}_kin as {_kin(view)}
    """)


def _pairs(rows: str, others: str) -> str:
    return f"""
        select one._resource, one._batch, one._row, one._role, one.id_number as person_id,
            other._role as relation, other.id_number, other.name, other.birth_date
        from {rows} as one
        join {others} as other on one._resource = other._resource and one._batch = other._batch
            and one._row = other._row and one._role <> other._role
    """


def _kin(beside: str) -> str:
    return f"select person_id, id_number, name, birth_date from {beside} where person_id is not null"


def _kin_of_near(connection: duckdb.DuckDBPyConnection, claims: str) -> None:
    """``KIN`` of the few persons whom ``link`` will have put into ``linking_near``, picked before they are joined."""
    connection.execute(f"""
        create or replace temp table linking_near (person uinteger);
        create or replace temp view {KIN} as
        with rows as not materialized ({_rows_of_several(claims)}),
        near as materialized (from rows where {mark(("id_number",))} in (select person from linking_near))
        {_kin(f"({_pairs('near', 'rows')})")}
    """)


def _changed(connection: duckdb.DuckDBPyConnection, claims: Claims) -> None:
    """``linking_changed_persons``: of whom records staged again say what they did not before, or no longer say."""
    assert claims.former
    said = {"now": claims.new, "before": claims.former}
    for when, relation in said.items():
        _numbered(connection, relation, f"linking_{when}", all_numbers=True)
        _beside(connection, relation, f"linking_beside_{when}")
    differences = (
        f"""
            select person_id from (
                select * exclude (side), sum(side) as more
                from (select *, 1 as side from {now} union all select *, -1 as side from {before}) group by all
            ) where more <> 0
        """  # `except all` numbers equal rows by a window, which takes twice as long
        for now, before in (("linking_now", "linking_before"), ("linking_beside_now_kin", "linking_beside_before_kin"))
    )
    connection.execute(f"create or replace temp table linking_changed_persons as {' union '.join(differences)}")


def _again(connection: duckdb.DuckDBPyConnection, claims: Claims, marks: Marks, decided: str | None) -> None:
    """``linking_again``: the claims whose link may be another than it was (``touched`` says why these). Decisions are
    only ever added, so it is enough to look at all claims of which there is one."""
    on_decision = f"""
        union
        select claim_id from linking_loose where claim_key in (
            select claim_key from {decided} union all select person_id from {decided} where person_id is not null
        )
    """
    connection.execute(f"""
        create or replace temp table linking_again as
        select claim_id from linking_loose where _build = '{claims.build}'
        union
        select {CLAIM_ID} from {claims.result} where entity_id is null or entity_id like 'U%'
        {on_decision if decided else ""}
    """)
    _changed(connection, claims)
    touched(connection, "linking_loose", "linking_changed_persons", marks)
    connection.execute("insert into linking_again from touched")


def _data() -> Path:
    return Path(os.environ["GOVSHARE_DATA"])


def _secret() -> Secret:
    return Secret.at(Path(os.environ.get("GOVSHARE_SECRET_FILE") or _data() / "secret"))
