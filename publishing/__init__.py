"""Publishing: candidates, releases, the analysts' database, and what can be asked of them.

Here belongs everything under ``candidate/`` and ``published/``: writing the files that the gate judges,
turning them into numbered releases, and reading releases back (account, trace, query). What a table must be
is decided in ``expectations``; when things run, in ``orchestration``.
"""
