"""统一社会信用代码 (GB 32100-2015) as far as the catalogue itself needs it: departments' own codes.

Codes in departments' data are checked in SQL (``dbt_project/macros/standards``), never row by row in Python.
"""

from __future__ import annotations

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # without I O S V Z
WEIGHTS = tuple(3**place % 31 for place in range(17))


def credit_code_problem(code: str) -> str:
    """Why ``code`` is no valid credit code; an empty text if it is one.

    >>> credit_code_problem("11410700009000074A")
    ''
    """
    if len(code) != 18:
        return f"it has {len(code)} characters, not 18"
    foreign = sorted(set(code) - set(ALPHABET))
    if foreign:
        return f"it has {' '.join(foreign)}, which are not in the code's alphabet"
    total = sum(ALPHABET.index(character) * weight for character, weight in zip(code[:17], WEIGHTS, strict=True))
    check = ALPHABET[-total % 31]
    return "" if check == code[17] else f"its check character should be {check}"
