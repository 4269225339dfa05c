"""Databases: one module for each engine that has a faster way than SQLAlchemy, and SQLAlchemy for all others.

``connector`` plans what to read (everything, since a watermark, key range by key range, a change table), the
readers run one statement and yield Arrow, ``columns`` says how a database type lands. No engine's SQL stands
outside its reader.
"""

from __future__ import annotations

from connectors.databases.connector import DatabaseConnector as open

__all__ = ["open"]
