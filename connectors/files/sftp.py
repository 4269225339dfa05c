"""SFTP with a server that must be known. Imported only when a connection is ``sftp://`` (needs paramiko)."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import paramiko  # type: ignore[import-untyped]
from fsspec.implementations.sftp import SFTPFileSystem

from connectors.files.text import Unreadable

TIMEOUT = 30  # seconds for connecting, the banner and the login


class _Refuse(paramiko.MissingHostKeyPolicy):
    def missing_host_key(self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey) -> None:
        fingerprint = base64.b64encode(hashlib.sha256(key.asbytes()).digest()).decode().rstrip("=")
        raise Unreadable(
            f"the SFTP server {hostname} is not known; it shows {key.get_name()} SHA256:{fingerprint}",
            remedy="ask its owner whether this is its key, then set `host_key` of the connection to "
            f'"{key.get_name()} {key.get_base64()}"',
        )


class KnownSftp(SFTPFileSystem):
    """fsspec's SFTP, which by itself accepts any server, with the check of the server's key."""

    def __init__(self, host: str, host_key: str | None = None, **ssh: Any) -> None:
        self.host_key = host_key
        super().__init__(host, **ssh)

    def _connect(self) -> None:
        port = int(self.ssh_kwargs.get("port", 22))
        self.client = paramiko.SSHClient()
        self.client.load_system_host_keys()
        if self.host_key:
            name, data = self.host_key.split()[:2]
            known = self.host if port == 22 else f"[{self.host}]:{port}"
            key = paramiko.PKey.from_type_string(name, base64.b64decode(data))
            self.client.get_host_keys().add(known, name, key)
        self.client.set_missing_host_key_policy(_Refuse())
        limits = {"timeout": TIMEOUT, "banner_timeout": TIMEOUT, "auth_timeout": TIMEOUT}
        try:
            self.client.connect(self.host, **{**limits, "allow_agent": False, **self.ssh_kwargs})
        except paramiko.BadHostKeyException:
            raise Unreadable(
                f"the SFTP server {self.host} shows another key than the one that is known",
                remedy="do not send it a password: ask its owner, then correct `host_key` of the connection",
            ) from None
        except paramiko.AuthenticationException:
            raise Unreadable(
                f"the SFTP server {self.host} refuses the account",
                remedy="correct `options` (username, password or key_filename) of the connection",
            ) from None
        self.ftp = self.client.open_sftp()
