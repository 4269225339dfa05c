"""How fast departments' tables and files land, beside what others make of the same rows.

``data`` makes the sources, ``ways`` are the ways of reading them (each run in a process of its own),
``__main__`` runs them in turn and tells the figures. What is measured is ``connectors``.
"""
