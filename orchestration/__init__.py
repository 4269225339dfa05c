"""The orchestration room: Dagster definitions and the command line, thin over the other rooms.

Here belong assets, checks, jobs, schedules and how they are shown. What a step does is a function of
``connectors``, ``expectations`` or ``publishing``; what it works on is said by ``catalogue``. A line here
that would make sense without Dagster or a terminal belongs into one of those.
"""
