"""Asks a started server everything that its document allows and forbids, as operator, admin and member."""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from server import DEMO_ADMIN, OPERATOR, Caller, Server

HERE = Path(__file__).parent


def main() -> int:
    arguments = parse()
    failed = []
    with tempfile.TemporaryDirectory() as folder, Server(arguments.program.resolve(), Path(folder)) as server:
        admin = Caller(server.url, "acme").signed_in(DEMO_ADMIN)
        people = {
            "member": ("acme", "member", admin.new_user("member")),
            "admin": ("acme", "admin", DEMO_ADMIN),
            "operator": ("platform", "super_admin", OPERATOR),
        }
        for name in arguments.people or people:
            print(f"\n== {name}", flush=True)
            if run(server.url, people[name], arguments) != 0:
                failed.append(name)
    if failed:
        again = f"just schemathesis --seed {arguments.seed}" + " --short" * arguments.short
        print(f"\nfailed as {', '.join(failed)}; again: {again} --as {' --as '.join(failed)}", file=sys.stderr)
    return bool(failed)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", type=Path, default="target/debug/tenantry", help="what is started")
    parser.add_argument("--short", action="store_true", help="a few examples of each operation")
    parser.add_argument("--seed", type=int, default=1, help="the same seed asks the same")
    parser.add_argument("--as", dest="people", action="append", choices=["member", "admin", "operator"])
    parser.add_argument("rest", nargs="*", help="for schemathesis, after `--`")
    return parser.parse_args()


def run(url: str, person: tuple[str, str, str], arguments: argparse.Namespace) -> int:
    tenant, role, email = person
    environment = os.environ | {
        "PYTHONPATH": str(HERE),
        "DOCUMENT_URL": url,
        "DOCUMENT_TENANT": tenant,
        "DOCUMENT_ROLE": role,
        "DOCUMENT_EMAIL": email,
    }
    command = [
        *(Path(sys.executable).with_name("schemathesis"), "--config-file", HERE / "schemathesis.toml", "run", f"{url}/openapi.json"),
        *("--header", f"X-Tenant-ID: {tenant}"),
        *("--seed", str(arguments.seed), "--generation-database", "none"),
        *("--max-examples", "5" if arguments.short else "50"),
        *arguments.rest,
    ]
    return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
