"""The real program in development mode, on a free port, with a database of its own; and requests to it."""

import json
import os
import re
import subprocess
import threading
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path

# Not the one in the document's examples: with it, they would change it.
PASSWORD = "eleven quiet harbours"
OPERATOR = "operator@example.com"
DEMO_ADMIN = "admin@acme.example.com"
# A debug build that makes a PostgreSQL on a busy machine.
START_SECONDS = 120


class Server:
    """Ends with the `with` block, by its own process id."""

    def __init__(self, program: Path, folder: Path) -> None:
        self.log = folder / "server.log"
        # Root's PostgreSQL runs as another user, who has to get in.
        folder.chmod(0o755)
        environment = {
            "PATH": os.environ["PATH"],
            "BIND_ADDR": "127.0.0.1:0",
            "DATA_DIR": str(folder / "data"),
            "ADMIN_PASSWORD": PASSWORD,
            "RATE_LIMIT": "off",
            "LOG_FORMAT": "json",
        }
        if "PG_BIN_DIR" in os.environ:
            environment["PG_BIN_DIR"] = os.environ["PG_BIN_DIR"]
        self._process = subprocess.Popen(
            [program, "dev"],
            # No `.env` of a developer is read there.
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self.log.open("w"),
            text=True,
        )
        self._address = ""
        self._told = threading.Event()
        threading.Thread(target=self._read_welcome, daemon=True).start()

    def _read_welcome(self) -> None:
        """To its end, or else the server would block on a full pipe."""
        for line in self._process.stdout:
            if found := re.search(r"http://(\S+)/api/v1", line):
                self._address = found[1]
                self._told.set()
        self._told.set()

    def __enter__(self) -> "Server":
        self._told.wait(START_SECONDS)
        if not self._address:
            self.stop()
            raise SystemExit(f"the server does not listen; {self.log} tells why:\n{self.log.read_text()}")
        self.url = f"http://{self._address}"
        ends = time.monotonic() + START_SECONDS
        while Caller(self.url, "acme").status("GET", "/health/ready") != 200:
            if time.monotonic() > ends:
                self.stop()
                raise SystemExit(f"the server is not ready; {self.log} tells why")
            time.sleep(0.1)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Caller:
    """Somebody in a tenant, signed in or not."""

    def __init__(self, url: str, tenant: str, token: str | None = None) -> None:
        self.url, self.tenant, self.token = url, tenant, token

    def status(self, method: str, path: str) -> int:
        try:
            return self._send(method, path, None).status
        except urllib.error.HTTPError as refused:
            return refused.code
        except OSError:
            return 0

    def ask(self, method: str, path: str, body: object = None) -> dict:
        """The answer to a request that must not fail; `path` is below `/api/v1`."""
        try:
            with self._send(method, f"/api/v1{path}", body) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refused:
            raise RuntimeError(f"{method} {path}: {refused.code} {refused.read().decode()}") from refused

    def signed_in(self, email: str) -> "Caller":
        pair = self.ask("POST", "/auth/login", {"email": email, "password": PASSWORD})
        return Caller(self.url, self.tenant, pair["access_token"])

    def new_user(self, role: str) -> str:
        """The e-mail address of a new user with this role."""
        name = f"u{uuid.uuid4().hex}"
        body = {"email": f"{name}@example.com", "name": name, "role": role, "password": PASSWORD}
        return self.ask("POST", "/users", body)["email"]

    def _send(self, method: str, path: str, body: object):
        headers = {"X-Tenant-ID": self.tenant, "Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        return urllib.request.urlopen(request, timeout=60)
