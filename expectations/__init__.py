"""The gate: what a base table must be before it is released, judged on the very files that would be
published.

Here belong the rules of the standards as the gate sees them, the factory that makes a table's checks from its
contract, and the verdict. The rules are written a second time on purpose, independently of the SQL that did
the cleaning (``dbt_project/macros/standards``): a slip there is found here. Nothing here writes a release
(``publishing``) or knows Dagster.

Great Expectations takes seconds to import, so only ``engine``, ``rules``, ``suite`` and ``report`` import it,
and ``gate.judge`` imports those when it is called.
"""

import os

# Great Expectations reads this when it is imported; a government network has nobody to send it to.
os.environ["GX_ANALYTICS_ENABLED"] = "false"
