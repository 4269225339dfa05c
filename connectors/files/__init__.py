"""Files: what departments drop into a folder, one module for each format.

``connector`` says which files there are to take and makes each one delivery; ``folder`` finds them, here or
on another machine; ``archive`` opens zip and gz; the format modules read one file's bytes into record
batches, all cells as text (Parquet keeps its types). No module here knows a department, and none cleans a
value.
"""

from __future__ import annotations

from connectors.files.connector import FileConnector as open

__all__ = ["open"]
