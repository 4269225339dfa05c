"""Scores as words: what agrees, what is near, what differs; in English for `method`, in Chinese for the clerk.

SQL expressions over a table of scores (``weigh``), made from the settings. Nothing is weighed or decided here.
"""

from __future__ import annotations

from linking.settings import Caution, Comparison, Settings


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def method(settings: Settings) -> str:
    """``name, birth date and telephone agree``; a near agreement says what of it is not the same."""
    agreeing = _listed(settings, ("agree", "near"), english=True)
    return f"""list_transform([{agreeing}], lambda x: case
        when len(x) > 1 then array_to_string(x[:-2], ', ') || ' and ' || x[-1] || ' agree'
        when len(x) = 1 then x[1] || ' agrees' end)[1]"""


def reason(settings: Settings) -> str:
    """``姓名、出生日期一致，身份号码差一位；电话不同``"""
    agree, near, differ = (_listed(settings, (says,)) for says in ("agree", "near", "differ"))
    cautions = ", ".join(
        f"case when {holds(caution, settings)} then {quoted(caution.words)} end" for caution in settings.cautions
    )
    return f"""concat_ws('；',
        nullif(concat_ws('，',
            case when len({agree}) > 0 then array_to_string({agree}, '、') || '一致' end,
            nullif(array_to_string({near}, '，'), '')
        ), ''),
        case when len({differ}) > 0 then array_to_string({differ}, '、') || '不同' end,
        nullif(array_to_string(list_sort(list_distinct([{cautions or "null::varchar"}])), '；'), '')
    )"""


def cautioned(settings: Settings) -> str:
    """Whether a pair may not be linked by its weight."""
    return " or ".join(holds(caution, settings) for caution in settings.cautions) or "false"


def holds(caution: Caution, settings: Settings) -> str:
    lifted = [_at_level(settings, name, levels) for name, levels in caution.unless.items()]
    unless = f" and not ({' or '.join(lifted)})" if lifted else ""
    return f"({_at_level(settings, caution.comparison, caution.levels)}{unless})"


def _at_level(settings: Settings, name: str, levels: tuple[str, ...]) -> str:
    comparison = next(c for c in settings.comparisons if c.name == name)
    positions = [str(n) for n, level in enumerate(comparison.levels) if level.name in levels]
    return f"{name} in ({', '.join(positions)})"


def _listed(settings: Settings, says: tuple[str, ...], english: bool = False) -> str:
    entries = [entry for comparison in settings.comparisons if (entry := _entry(comparison, says, english))]
    return f"list_filter([{', '.join(entries)}], lambda x: x is not null)"


def _entry(comparison: Comparison, says: tuple[str, ...], english: bool) -> str:
    branches = [
        f"when {position} then {quoted(level.english if english else level.words)}"
        for position, level in enumerate(comparison.levels)
        if level.says in says
    ]
    return f"case {comparison.name} {' '.join(branches)} end" if branches else ""
