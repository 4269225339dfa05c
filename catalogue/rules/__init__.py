"""What must hold for the catalogue, by the compilation guide and by what the rest of govshare relies on.

A rule is a generator over a typed entry that yields a ``Problem`` for all that it finds; nothing here reads
the manifest. ``guide`` has what the guide asks of a resource, ``collecting`` what govshare asks of it, and
``whole`` the rest.
"""

from __future__ import annotations

from itertools import chain

from catalogue.model import Catalogue
from catalogue.problems import Problem
from catalogue.rules import collecting, guide, whole


def problems_of(catalogue: Catalogue) -> list[Problem]:
    """Everything that is wrong with what is declared, in the order of the files."""
    found = chain(
        chain.from_iterable(whole.department_rules(d) for d in catalogue.departments.values()),
        chain.from_iterable(guide.resource_rules(r) for r in catalogue.resources.values()),
        chain.from_iterable(collecting.resource_rules(r, catalogue) for r in catalogue.resources.values()),
        whole.twice(catalogue),
        chain.from_iterable(whole.agreement_rules(a, catalogue) for a in catalogue.agreements.values()),
    )
    return sorted(set(found), key=lambda p: (str(p.file), p.line or 0, p.entry, p.rule, p.message))
