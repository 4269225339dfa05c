"""The catalogue room: what a city declares about its data, read from dbt's manifest.

Here belong the typed objects (departments, resources, items, standards, agreements), their validation
against the compilation guide, and where an installation keeps things. Nothing here reads a department's
data, and nothing here knows Dagster.
"""
