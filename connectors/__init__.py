"""The connectors room: department systems → immutable batches on disk.

Here belong one module for each kind of source (a generator of Arrow record batches), what every collection
shares (connections, drift, difference, landing) and ``collect``, which puts them together for one resource.
Not here: cleaning of any value (that is dbt's), when to collect (Dagster's), what is declared (the
catalogue's).
"""
