"""A watch over a session's connections: time limits of the libraries are for each piece of an answer, this for all.

A server that sends a byte of its headers or its body every minute keeps every limit of a socket for ever.
"""

from __future__ import annotations

import logging
import socket
import weakref
from contextlib import suppress
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection

# urllib3 logs addresses with their parameters, among them tokens and what was asked for.
logging.getLogger("urllib3").setLevel(logging.CRITICAL + 1)


class Watch:
    """Cuts all connections of a session when the time for an answer is over, whatever they wait for."""

    def __init__(self) -> None:
        self.connections: weakref.WeakSet[HTTPConnection] = weakref.WeakSet()
        self.sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        self.cut = False

    def over(self) -> None:
        self.cut = True
        # A connection that is being made is not among the sockets yet; one whose answer ends with the line has
        # let go of its socket.
        making = [connection.sock for connection in list(self.connections) if connection.sock is not None]
        for sock in {*making, *self.sockets}:
            with suppress(OSError, ValueError):
                sock.shutdown(socket.SHUT_RDWR)

    def made(self, connection: HTTPConnection) -> None:
        if isinstance(connection.sock, socket.socket):
            self.sockets.add(connection.sock)


class Session(requests.Session):
    """requests' session that follows no redirect, and so reads no body of one without a limit."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        return None


class WatchedAdapter(HTTPAdapter):
    """requests' adapter, whose connections are known to a watch."""

    def __init__(self, watch: Watch) -> None:
        self.watch = watch
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> Any:
        super().init_poolmanager(*args, **kwargs)
        self._watched(self.poolmanager)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        return self._watched(super().proxy_manager_for(*args, **kwargs))

    def _watched(self, manager: Any) -> Any:
        watch = self.watch

        class Plain(HTTPConnection):
            def connect(self) -> None:
                watch.connections.add(self)
                super().connect()
                watch.made(self)

        class Secure(HTTPSConnection):
            def connect(self) -> None:
                watch.connections.add(self)
                super().connect()
                watch.made(self)

        plain = type("Pool", (urllib3.HTTPConnectionPool,), {"ConnectionCls": Plain})
        secure = type("SecurePool", (urllib3.HTTPSConnectionPool,), {"ConnectionCls": Secure})
        manager.pool_classes_by_scheme = {"http": plain, "https": secure}
        return manager
