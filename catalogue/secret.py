"""The installation's secret, and hashes that nobody can make who does not have it.

An identity number is a birth date, a place and four digits: whoever has a plain hash of one tries all of a city in an
hour. So where something personal is called by a hash (records in what is published, rows that the gate names, persons
without a number, claims in a clerk's list), it is keyed: HMAC's construction with two independent keys,
``sha256(outer || sha256(inner || text))``, which engines can compute that have no HMAC.

The file is made at the first build and never changed. Whoever loses it gets other hashes and other ids of persons
without a number; so it is kept with the backups, and apart from what it hides.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from catalogue.errors import GovshareError
from catalogue.files import write_whole
from catalogue.installation import Installation

KEY = 64  # hexadecimal digits of a key, a whole block of SHA-256
RELATION = "installation_secret"  # in SQL: one row, inner_key and outer_key


@dataclass(frozen=True)
class Secret:
    """Both keys, as hexadecimal text."""

    inner: str = field(repr=False)
    outer: str = field(repr=False)

    @classmethod
    def of(cls, installation: Installation) -> Secret:
        """The installation's; made where there is none."""
        return cls.at(installation.secret_file)

    @classmethod
    def at(cls, file: Path) -> Secret:
        """That of a file; made where there is none."""
        try:
            text = file.read_text(encoding="ascii").strip() if file.exists() else _made(file)
        except (OSError, UnicodeDecodeError) as error:
            raise _unusable(file, "it cannot be read") from error
        if not re.fullmatch(rf"[0-9a-f]{{{2 * KEY}}}", text):
            raise _unusable(file, f"it is no line of {2 * KEY} hexadecimal digits")
        return cls(text[:KEY], text[KEY:])

    @classmethod
    def none(cls) -> Secret:
        """Keys that everybody knows, for measurements and tests whose ids leave nobody's machine."""
        return cls("0" * KEY, "0" * KEY)

    def hash(self, text: str) -> str:
        """64 hexadecimal digits, the same as ``keyed`` gives in SQL."""
        return _sha256(self.outer + _sha256(self.inner + text))

    def hand_to(self, connection: Any) -> None:
        """Let statements of this DuckDB connection use ``keyed``. The keys are in no statement's text."""
        connection.execute(f"create or replace temp table {RELATION} (inner_key varchar, outer_key varchar)")
        connection.execute(f"insert into {RELATION} values (?, ?)", [self.inner, self.outer])


def keyed(text: str) -> str:
    """SQL of DuckDB for the hash of a text expression. The macro ``keyed_hash`` of the dbt project is its twin."""
    inner, outer = (f"(select {name} from {RELATION})" for name in ("inner_key", "outer_key"))
    return f"sha256({outer} || sha256({inner} || {text}))"


def _made(file: Path) -> str:
    text = secrets.token_hex(KEY)
    beside = file.with_name(f".{file.name}.{secrets.token_hex(4)}.new")
    write_whole(beside, text + "\n")
    beside.chmod(0o600)
    try:
        os.link(beside, file)  # another process may have made one at the same moment: the first one stays
    except FileExistsError:
        text = file.read_text(encoding="ascii").strip()
    finally:
        beside.unlink()
    return text


def _unusable(file: Path, why: str) -> GovshareError:
    return GovshareError(
        f"the installation's secret is not usable: {why}",
        where=str(file),
        remedy="restore the file from backup; with another one the ids of persons without a number change",
    )


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
