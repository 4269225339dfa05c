"""What is looked for before anything runs, beyond style: that the models are SQL for every engine they should run on.

For developers (``make lint``); no part of the installed packages.
"""
