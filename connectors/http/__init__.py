"""JSON interfaces: all records of a resource, or those since the last mark, as deliveries.

``transport`` sends one request within its limits, ``client`` gets an answer whatever the line does, ``body``
parses it, ``answers`` says what it means, ``paging`` and ``windows`` what to ask for, ``reading`` reads a list
until two readings agree, ``marks`` knows how far it was read, ``connector`` makes deliveries of it. The options
of ``meta.connector`` are described in ``connector`` and the modules that it names, the settings of a connection
in ``client`` and ``transport``.
"""

from connectors.http.connector import open

__all__ = ["open"]
