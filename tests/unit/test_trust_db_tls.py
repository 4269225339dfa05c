"""Which connections must be encrypted and verified, by address, settings and the words of drivers."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from connectors.databases.tls import Tls, is_local, tls_of


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("postgresql://u@127.0.0.1/x", True),
        ("postgresql://u@127.1.2.3/x", True),
        ("postgresql://u@localhost/x", True),
        ("postgresql://u@[::1]/x", True),
        ("postgresql:///x", True),
        ("postgresql:///x?host=/var/run/postgresql", True),
        ("postgresql:///x?host=10.1.2.3", False),
        ("postgresql://u@/x?host=127.0.0.1:5432,10.1.2.3:5432", False),
        ("postgresql://u@10.1.2.3/x", False),
        ("postgresql://u@[fd00::2]/x", False),
        ("mysql://u@localhost.example.cn/x", False),
        ("mysql://u@db/x", False),
    ],
)
def test_what_is_this_machine(url: str, local: bool) -> None:
    assert is_local(sa.make_url(url)) is local


@pytest.mark.parametrize(
    ("url", "settings", "level"),
    [
        ("postgresql://u@127.0.0.1/x", {}, "local"),
        ("sqlite:///x.db", {}, "local"),
        ("postgresql://u@db/x", {}, "verified"),
        ("postgresql://u@db/x?sslmode=allow", {}, "verified"),
        ("postgresql://u@db/x?sslmode=require", {}, "encrypted"),
        ("postgresql://u@db/x?sslmode=disable", {}, "none"),
        ("postgresql://u@db/x?sslmode=disable", {"tls": "verified"}, "verified"),
        ("kingbase://u@db/x", {}, "verified"),
        ("oracle+oracledb://u@db/x", {}, "verified"),
        ("mysql://u@db/x", {}, "verified"),
        ("mariadb+pymysql://u@db/x?ssl_verify_cert=false", {}, "encrypted"),
        ("mysql://u@db/x?ssl_disabled=true", {}, "none"),
        ("mysql://u@127.0.0.1/x?ssl_verify_cert=true", {}, "verified"),
        ("mysql://u@127.0.0.1/x", {"tls": "encrypted"}, "encrypted"),
        ("mssql+pymssql://u@db/x", {"tls": "encrypted"}, "encrypted"),
        ("dm+dmPython://u@db", {"tls": "none"}, "none"),
    ],
)
def test_the_level_of_a_connection(url: str, settings: dict[str, str], level: str) -> None:
    tls = tls_of(url, settings, Path(), "测试局", "office")
    assert tls.level == level
    context = tls.context()
    assert (context is not None) == (level in ("encrypted", "verified"))
    assert context is None or context.check_hostname == (level == "verified")


def test_postgresqls_library_is_told_every_level_but_that_of_this_machine() -> None:
    assert Tls().libpq() == {}
    assert Tls("none").libpq() == {"sslmode": "disable"}
    assert Tls("verified", "/ca.pem").libpq() == {"sslmode": "verify-full", "sslrootcert": "/ca.pem"}
    assert Tls("verified").libpq()["sslrootcert"]
