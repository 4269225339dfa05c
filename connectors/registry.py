"""Which module reads which kind of source. Imported only when used: a city without Oracle needs no Oracle
driver."""

from __future__ import annotations

from importlib import import_module

from connectors.base import CollectError, ConnectorFactory, ResourceLike, where

FILES = "connectors.files"
KINDS = {
    "database": "connectors.databases",
    "delimited": FILES,
    "fixed_width": FILES,
    "excel": FILES,
    "dbf": FILES,
    "xml": FILES,
    "json": FILES,
    "json_lines": FILES,
    "python_literal": FILES,
    "parquet": FILES,
    "http": "connectors.http",
}


def is_file(resource: ResourceLike) -> bool:
    """Whether the resource comes as files, which are taken once each."""
    return KINDS.get(resource.connector.kind) == FILES


def factory(resource: ResourceLike) -> ConnectorFactory:
    """The ``open`` function of the module for the resource's kind."""
    kind = resource.connector.kind
    if kind not in KINDS:
        raise CollectError(
            f"unknown connector kind {kind!r}",
            where=where(resource),
            remedy=f"use one of {', '.join(KINDS)} in meta.connector.kind",
        )
    opener: ConnectorFactory = import_module(KINDS[kind]).open
    return opener
