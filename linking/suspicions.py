"""Numbers that are valid and yet doubtful: one that is a slip of another's, one under which two persons stand.

Nothing is changed or linked by a suspicion: a clerk looks at it. Only known persons are looked at here; claims
without a usable number are the business of ``link``.
"""

from __future__ import annotations

import duckdb

from linking import functions, records
from linking.link import KNOWN_KEYS
from linking.marks import SLIPS, Marks, hash_of

COLUMNS = (
    "person_id", "register", "name", "former_name", "sex", "birth", "birth_date", "number_birth", "phone",
    "household_address", "residence_address",
)  # fmt: skip
KEYS = ", ".join(hash_of((str(number), *parts)) for number, parts in enumerate(SLIPS))


def suspect(
    connection: duckdb.DuckDBPyConnection,
    known: str,
    into: str = "temp table suspicions",
    changed: str | None = None,
    marks: Marks | None = None,
) -> None:
    """``suspicions`` (person_id, kind, other_person_id, reason) among ``known``, in the shape that ``link`` takes.

    ``wrong_number``: known to one register only, with the name of ``other_person_id``, whom others know, and a number
    one digit or exchange away (but for the check character, which fits: as with a 15-digit number), when birth date,
    telephone or address are the other's too. ``two_persons``: rows disagree on the name, and on birth date or sex, or
    the names have nothing in common.
    ``changed``: table (person_id); only suspicions in which one of these takes part are found, by the ``marks`` of all
    that is known.
    """
    functions.install(connection)
    records.standardise(connection, known, "linking_known", KNOWN_KEYS)
    if changed:
        assert marks, "persons are found by marks"
        _only_concerned(connection, changed, marks)
    _wrong_numbers(connection)
    _two_persons(connection)
    connection.execute(f"""
        create or replace {into} as
        select * from (
            select person_id, 'wrong_number' as kind, other_person_id, reason from linking_wrong_numbers
            union all
            select person_id, 'two_persons', null, reason from linking_two_persons
        )
        where {f"person_id in (from {changed}) or other_person_id in (from {changed})" if changed else "true"}
    """)


def _only_concerned(connection: duckdb.DuckDBPyConnection, changed: str, marks: Marks) -> None:
    """Leave of ``linking_known`` the changed persons and whoever might be one of them under another number."""
    own = marks.changed(connection, changed, *SLIPS)
    alike = " union ".join(marks.found(own.said(parts), [parts]) for parts in SLIPS)
    connection.execute(f"create or replace temp table linking_concerned as from linking_changed union {alike}")
    records.only(connection, "linking_known", "linking_concerned", COLUMNS)


def _wrong_numbers(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(f"""
        create or replace temp table linking_wrong_numbers as
        with lone as (
            select person_id from linking_known where length(person_id) = 18
            group by person_id having min(register) = max(register)
        ),
        doubted as (
            select distinct person_id, name, number_birth, birth, phone, residence_address, household_address
            from linking_known where person_id in (from lone) and name is not null
        ),
        keys as (select distinct person_id, name, unnest([{KEYS}]) as key from doubted),
        near as (
            select distinct keys.person_id, others.person_id as other_person_id, keys.name
            from (
                select person_id, unnest([{KEYS}]) as key from linking_known
                where name is not null and length(person_id) = 18
            ) as others
            join keys on keys.key = others.key and keys.person_id <> others.person_id
            where linking_one_slip(left(keys.person_id, 17), left(others.person_id, 17))
                and others.person_id not in (from lone)
        ),
        others as (from linking_known where person_id in (select other_person_id from near)),
        compared as (
            select near.person_id, near.other_person_id, near.name,
                bool_or(doubted.birth = others.number_birth or doubted.number_birth = others.number_birth) as birth,
                bool_or(doubted.phone = others.phone) as phone,
                bool_or(
                    coalesce(doubted.residence_address, doubted.household_address)
                    in (others.residence_address, others.household_address)
                ) as address
            from near
            join doubted on near.person_id = doubted.person_id
            join others on near.other_person_id = others.person_id
            group by all
        )
        select person_id, other_person_id,
            '只有一个登记簿登记此号码，与另一人号码差一位，姓名' || case when birth then '、出生日期' else '' end
            || case when phone then '、电话' else '' end || case when address then '、住址' else '' end
            || '一致（' || name || '）' as reason
        from compared where birth or phone or address
    """)


def _two_persons(connection: duckdb.DuckDBPyConnection) -> None:
    """Two rows whose names are not one person's, and what else is said of them is not either.

    Names share neither surname and a character, nor a former name. Beside that the birth dates differ; or the sexes do,
    however alike the surnames; or the names share no character at all, for a birth date is often only copied from the
    number.
    """
    connection.execute("""
        create or replace temp table linking_two_persons as
        with divided as (
            select person_id from linking_known
            group by person_id
            having min(hash(name)) <> max(hash(name))
        ),
        rows as (
            select distinct person_id, register, name, former_name, sex, birth, birth_date
            from linking_known
            where person_id in (from divided) and name is not null
        ),
        apart as (
            select one.person_id, one.register, one.name, one.birth_date, one.sex,
                other.register as other_register, other.name as other_name, other.birth_date as other_birth_date,
                other.sex as other_sex
            from rows as one join rows as other
                on one.person_id = other.person_id and (one.register, one.name) < (other.register, other.name)
            where one.name <> other.name
                and not coalesce(one.former_name = other.name or one.name = other.former_name, false)
                and not coalesce(list_has_any(linking_masked(one.name), linking_masked(other.name)), false)
                and (
                    coalesce(
                        one.birth <> other.birth and not linking_one_digit([one.birth], [other.birth])
                        and not coalesce(linking_masked_short(one.name) = linking_masked_short(other.name), false)
                        and not coalesce(list_contains(linking_near_days(one.birth_date), other.birth), false),
                        false
                    )
                    or (one.sex in ('1', '2') and other.sex in ('1', '2') and one.sex <> other.sex)
                    or linking_unlike(one.name, other.name)
                )
        )
        select person_id, min(
            '同一号码下两人：' || register || ' 登记' || name || linking_words(birth_date, sex) || '；'
            || other_register || ' 登记' || other_name || linking_words(other_birth_date, other_sex)
        ) as reason
        from apart group by person_id
    """)
