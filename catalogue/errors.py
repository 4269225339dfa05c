"""The one family of errors that govshare raises on purpose; anything else is a bug."""

from __future__ import annotations


class GovshareError(Exception):
    """Something the user can mend: the message says what, where (department, resource, row) and the remedy.

    Never carries personal data: counts and hashes of keys only.
    """

    def __init__(self, what: str, *, where: str | None = None, remedy: str | None = None) -> None:
        self.what, self.where, self.remedy = what, where, remedy
        parts = [f"{where}: {what}" if where else what]
        if remedy:
            parts.append(f"Remedy: {remedy}")
        super().__init__(". ".join(part.rstrip(".") for part in parts) + ".")
