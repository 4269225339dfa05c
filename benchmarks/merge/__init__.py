"""How long the dbt build takes, beside a script that somebody wrote by hand for just this city.

``city`` makes and collects it, ``script`` is the other way to the same base tables, ``ways`` are what is timed (each
run in a process of its own), ``compare`` counts the rows on which the two differ, ``__main__`` runs them in turn and
tells the figures. What is measured is ``dbt_project``, called just as ``orchestration.build`` calls it.
"""
