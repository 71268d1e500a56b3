"""The environment in which Prefect runs here: silent on the terminal and on the network.

Prefect reads its settings from the environment when it is first imported, so they are put there
before. What the person has set in the environment wins, apart from the settings in ``_FIRM``:
without those a run would leave traces in another home or start a second, hidden server.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

_QUIET = {
    # no word to anybody outside: neither from the server, nor from the client, nor from the pages
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    # nothing on the terminal; what a flow logs still reaches Prefect's pages
    "PREFECT_LOGGING_LEVEL": "ERROR",
    "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_INTERNAL_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
    "PREFECT_SILENCE_API_URL_MISCONFIGURATION": "true",
    # waits of 2, 4, ... 32 seconds: a server that is started again is found again; with more a run
    # would hang for minutes at its end where the server cannot be started
    "PREFECT_CLIENT_MAX_RETRIES": "5",
    # with the default, in memory, a killed server leaves its concurrency slots taken for ever
    "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": (
        "prefect.server.concurrency.lease_storage.filesystem"
    ),
    # the ledger keeps results; a second copy in Prefect's home would only go stale
    "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
    # ten seconds by default, which is long to somebody who waits for a first stretch
    "PREFECT_RUNNER_POLL_FREQUENCY": "2",
    "PREFECT_WORKER_QUERY_SECONDS": "2",
}
_SERVER = {
    # the server's terminal is its log file
    "PREFECT_LOGGING_LEVEL": "WARNING",
    "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
    "PREFECT_INTERNAL_LOGGING_LEVEL": "ERROR",
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "WARNING",
    # one transaction for each task run's change by default, which is what makes a backlog
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "100",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_BATCH_SIZE": "100",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_FLUSH_INTERVAL": "1",
}
_FIRM = frozenset({"PREFECT_HOME", "PREFECT_API_URL", "PREFECT_SERVER_EPHEMERAL_ENABLED"})
_LOOPBACK = ("127.0.0.1", "localhost")


def settings(*, home: Path, api_url: str | None = None) -> dict[str, str]:
    """Return the environment of a process that talks to Prefect's server.

    Args:
        home: where Prefect keeps its files.
        api_url: address of the server's API; ``None`` where none is known yet.
    """
    wanted = {**_QUIET, **_own(home), **_no_proxy()}
    return _yielding(wanted if api_url is None else {**wanted, "PREFECT_API_URL": api_url})


def server_settings(*, home: Path, url: str) -> dict[str, str]:
    """Return the environment of the server itself.

    Args:
        home: where Prefect keeps its files, the database and the pages among them.
        url: the address that it will serve, such as ``http://127.0.0.1:4200``.
    """
    pages = {
        "PREFECT_SERVER_UI_API_URL": f"{url}/api",
        # by default the pages are unpacked into the installed package, which may be read-only
        "PREFECT_SERVER_UI_STATIC_DIRECTORY": str(home / "pages"),
    }
    return _yielding({**_QUIET, **_SERVER, **_own(home), **_no_proxy(), **pages})


def apply(wanted: Mapping[str, str]) -> None:
    """Put settings into the environment of a process that has not imported Prefect yet.

    Raises:
        RuntimeError: Prefect is imported already and would not see them; use ``in_force``.
    """
    if "prefect" in sys.modules:
        raise RuntimeError(
            "Prefect is imported already, so settings put into the environment would be ignored. "
            "Apply them before the import, or use flows.quiet.in_force."
        )
    os.environ.update(wanted)


@contextmanager
def in_force(wanted: Mapping[str, str]) -> Iterator[None]:
    """Let settings hold inside the block, in this thread, whether Prefect is imported or not."""
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        with _read_again():
            yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _read_again() -> AbstractContextManager[object]:
    """Return a context in which an imported Prefect has read its environment afresh."""
    if "prefect" not in sys.modules:
        return nullcontext()
    from prefect.context import SettingsContext, get_settings_context
    from prefect.settings import Settings

    return SettingsContext(profile=get_settings_context().profile, settings=Settings())


def _own(home: Path) -> dict[str, str]:
    """Return what ties a process to this home and keeps it from starting a server of its own."""
    return {"PREFECT_HOME": str(home), "PREFECT_SERVER_EPHEMERAL_ENABLED": "false"}


def _no_proxy() -> dict[str, str]:
    """Return the lists of addresses reached directly: a proxy cannot reach our loopback."""
    listed = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    hosts = [host for host in listed.split(",") if host]
    value = ",".join([*hosts, *(host for host in _LOOPBACK if host not in hosts)])
    return {"no_proxy": value, "NO_PROXY": value}


def _yielding(wanted: dict[str, str]) -> dict[str, str]:
    """Return the settings with the person's own in place of ours, except the firm ones."""
    ours = {"no_proxy", "NO_PROXY"} | _FIRM
    return {
        name: value if name in ours else os.environ.get(name, value)
        for name, value in wanted.items()
    }
