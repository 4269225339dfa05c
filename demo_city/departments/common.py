"""What several departments write alike.

Capital in words, what a credit code tells, certificates of institutions and organisations, years.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from demo_city.delivery import Delivery
from demo_city.office import Office
from demo_city.text import cat, number_text, where


def year_of(days: np.ndarray) -> pa.Array:
    return number_text(days.astype("M8[Y]").astype(np.int64) + 1970)


def capital_text(amounts: np.ndarray, unit: str | pa.Array = "万元") -> pa.Array:
    """``50万元``, ``12.3456万元``; null for NaN."""
    known = [None if a != a else f"{a / 10_000:.4f}".rstrip("0").rstrip(".") for a in amounts.tolist()]
    return cat(pa.array(known, pa.string()), unit)


def capital_in_own_currency(office: Office, at: np.ndarray, portion: np.ndarray | float = 1.0) -> pa.Array:
    """The capital, or the portion of it that somebody has subscribed."""
    currency = office.world.entities.currency.take(pa.array(at))
    dollars = np.asarray(currency.to_numpy(zero_copy_only=False)) == "USD"
    return capital_text(office.world.entities.capital[at] * portion, where(dollars, "万美元", "万元"))


def number_tells(office: Office, at: np.ndarray, role: str = "entity") -> dict[str, pa.Array | None]:
    """What a credit code says by itself."""
    return {
        f"{role}.credit_code": None,
        f"{role}.entity_kind": office.entity("entity_kind", at),
        f"{role}.organisation_code": office.entity("organisation_code", at),
    }


def certificate_states(registration: pa.Array) -> pa.Array:
    """A certificate that is the registration itself is valid as long as that runs (11), then void (5)."""
    return where(np.asarray(pc.equal(registration, "1")), "11", "5")


def certificate_of_entity(
    office: Office, d: Delivery, at: np.ndarray, kind: str, number: str, issuer: pa.Array
) -> None:
    """Both items of the validity, and the certificate of role ``certificate``, that institutions hold."""
    since, until = office.entity("valid_from", at), office.entity("valid_to", at)
    d.item("有效期起", since, "date", {
        "entity.valid_from": None, "certificate.issue_date": None, "certificate.valid_from": None,
    })  # fmt: skip
    d.item("有效期止", until, "date end_date", {"entity.valid_to": None, "certificate.valid_to": None})
    d.certificate(
        kind, number, holder_kind="legal_entity", holder_id=office.entity("credit_code", at),
        holder_name=office.entity("name", at), issuer_name=issuer, issue_date=since, valid_from=since,
        valid_to=until, status=certificate_states(office.entity("registration_status", at)),
    )  # fmt: skip
