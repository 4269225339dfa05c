"""A real local server of a JSON interface that answers as a test says, and misbehaves as it says."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Answer = tuple[int, Any, dict[str, str]]


class Asked:
    """One request as the server saw it."""

    def __init__(self, method: str, path: str, params: dict[str, str], headers: Any, body: bytes) -> None:
        self.method, self.path, self.params, self.headers, self.body = method, path, params, headers, body


class Server:
    """Answers by ``self.answer(asked)``; before that, ``self.before`` may misbehave once for each entry."""

    def __init__(self) -> None:
        self.records: list[Any] = []
        self.asked: list[Asked] = []
        self.before: list[Answer | None] = []
        self.answer: Callable[[Asked], Answer] = self.page
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # one packet an answer, or each waits for the one before it to be acknowledged

            def handle_any(self) -> None:
                parts = urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                asked = Asked(self.command, parts.path, dict(parse_qsl(parts.query)), self.headers, body)
                outer.asked.append(asked)
                misbehave = outer.before.pop(0) if outer.before else None
                status, document, headers = misbehave or outer.answer(asked)
                if status == 0:  # hang up in the middle of the answer
                    self.send_response(200)
                    self.send_header("Content-Length", "1000")
                    self.end_headers()
                    self.wfile.write(b'{"data": [')
                    self.close_connection = True
                    return
                data = document if isinstance(document, bytes) else json.dumps(document).encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = handle_any

            def log_message(self, *_: Any) -> None:
                pass

        class Quiet(ThreadingHTTPServer):
            def handle_error(self, *_: Any) -> None:
                """A client may hang up when it has seen enough."""

        self.http = Quiet(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/api"
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()

    def page(self, asked: Asked) -> Answer:
        """Page number and size, as most interfaces have it."""
        size = min(int(asked.params.get("pageSize", 1000)), 4)  # gives no more than 4, whatever is asked
        start = (int(asked.params.get("pageNum", 1)) - 1) * size
        return (
            200,
            {"code": 0, "data": {"total": len(self.records), "list": self.records[start : start + size]}},
            {},
        )

    def stop(self) -> None:
        self.http.shutdown()
        self.http.server_close()
