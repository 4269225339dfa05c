"""``govshare-dbt``: dbt's command line, in a process that looks for garbage seldom.

dbt makes millions of small objects that stay until its process ends. Python looks through them again and again for
cycles to free, a twentieth of a small build, and finds few.
"""

from __future__ import annotations

import gc

NEW_OBJECTS = 200_000  # between two looks at the youngest; Python's own number is 700


def main() -> None:
    gc.set_threshold(NEW_OBJECTS, 50, 100)
    from dbt.cli.main import cli  # a tenth of a small build by itself, so after the change

    cli()
