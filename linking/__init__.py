"""Linking: which known person a claim without a usable identity number means.

What belongs here: candidates, weights, decisions, persons without a number, suspicious numbers; on a DuckDB
connection, with Splink. What does not: making claims (the staging models), merging what was linked (the base models),
running any of it (``orchestration``). The weights, levels, rules and thresholds are in ``population.toml``.
"""
