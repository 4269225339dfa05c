"""SQL functions that records, comparisons and suspicions are written in, as temporary macros of a connection.

What belongs here: how two texts, dates or numbers can be alike, whatever weight that has. What does not: weights and
thresholds (``population.toml``), and tables.
"""

from __future__ import annotations

import duckdb

LONGEST_NAME = 8  # characters of a name that are masked one by one
MASKS = ", ".join(
    f"case when length(name) >= {n} then substr(name, 1, {n - 1}) || '_' || substr(name, {n + 1}) end"
    for n in range(1, LONGEST_NAME + 1)
)

MACROS = {
    # A list without nulls and repetitions; null when nothing is left, for silence is no evidence.
    "linking_list(entries)": "nullif(list_distinct(entries), [])",
    # 公民身份号码 as written, if it could be one: eighteen characters, one more or one less; else null.
    "linking_number(text)": "case when regexp_full_match(text, '[0-9]{16,18}[0-9X]') then text end",
    "linking_number_sex(number)": (
        "case when length(number) = 18 then case when ascii(number[17]) % 2 = 1 then '1' else '2' end end"
    ),
    # One character wrong, two neighbours exchanged, one left out or one too many.
    "linking_one_slip(one, other)": "one <> other and damerau_levenshtein(one, other) <= 1",
    # A name with one character masked, for each of its characters: names one character apart share an entry.
    "linking_masked(name)": f"case when length(name) > 2 then list_distinct([{MASKS}]) end",
    # The same for names of two characters: the surname that is left says much less, hence apart.
    "linking_masked_short(name)": "case when length(name) = 2 then name[1] || '_' end",
    "linking_birth(number)": "case when length(number) = 18 then try_cast(substr(number, 7, 8) as integer) end",
    "linking_day(day)": "year(day) * 10000 + month(day) * 100 + day(day)",
    # Days that a clerk writes for another: a neighbour, ten days or years off, a year off, month for day.
    "linking_near_days(day)": (
        "case when day is not null then list_distinct(list_transform([day - 1, day + 1, day - 10, day + 10, "
        "cast(day + interval 1 year as date), cast(day - interval 1 year as date), "
        "cast(day + interval 10 year as date), cast(day - interval 10 year as date), "
        "case when day(day) <= 12 and day(day) <> month(day) then make_date(year(day), day(day), month(day)) end"
        "], lambda d: linking_day(d))) end"
    ),
    # Days (whole numbers) of two lists with one digit that is not the same.
    "linking_one_digit(days, others)": (
        "len(list_filter(others, lambda b: len(list_filter(days, lambda a: "
        "hamming(cast(a as varchar), cast(b as varchar)) = 1)) > 0)) > 0"
    ),
    # Two names in Chinese characters, whole ones, that have none in common.
    "linking_unlike(name, other)": (
        "regexp_full_match(name, '[\\p{Han}·]{2,}') and regexp_full_match(other, '[\\p{Han}·]{2,}') "
        "and not list_has_any(split(name, ''), split(other, ''))"
    ),
    # A birth date and a sex for a clerk to read; nothing where they are not known.
    "linking_words(day, sex)": (
        "coalesce('，' || day || ' 出生', '') || case sex when '1' then '，男' when '2' then '，女' else '' end"
    ),
    # What of an address is compared: no white space, no punctuation that clerks leave out.
    "linking_address(text)": "nullif(regexp_replace(text, '[\\s,，.。、;；()（）#-]', '', 'g'), '')",
}


def install(connection: duckdb.DuckDBPyConnection) -> None:
    for head, body in MACROS.items():
        connection.execute(f"create or replace temp macro {head} as {body}")
