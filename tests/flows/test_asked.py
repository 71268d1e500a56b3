"""What is read off a flow run's state, and what the supervisor makes of it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from uuid import uuid4

import pytest
from prefect.client.schemas.objects import FlowRun, State
from prefect.states import Cancelled, Cancelling, Completed, Paused, Running, Suspended

from flows import quiet
from flows.asked import act_in
from flows.supervising import Starter, look_at
from flows.watching import Outlook, Watched
from planner.loop.people import want
from planner.loop.sessions.desk import Place, at_work
from planner.trials import Wanted
from tests.flows.test_watching import CAMPAIGN


def flow_run(state: State, **more: object) -> FlowRun:
    given = {"id": uuid4(), "flow_id": uuid4(), "name": "bench", "run_count": 1, **more}
    return FlowRun.model_validate({**given, "state": state})


@pytest.mark.parametrize(
    ("state", "word"),
    [
        (Cancelling(), "cancelled"),
        (Cancelled(), "cancelled"),
        (Suspended(), "suspended"),
        (Paused(), "paused"),
    ],
)
def test_each_word_in_the_pages_is_an_act(state: State, word: str) -> None:
    act = act_in(flow_run(state))
    assert act is not None
    assert act.word == word


def test_a_run_that_goes_its_way_was_asked_nothing() -> None:
    assert act_in(flow_run(Running())) is None
    assert act_in(flow_run(Completed())) is None


def test_a_cancellation_is_one_act_from_asking_to_its_end_and_another_after_a_retry() -> None:
    run = flow_run(Cancelling())
    asked, done, again = (
        act_in(run.model_copy(update=change))
        for change in ({}, {"state": Cancelled()}, {"run_count": 2})
    )
    assert asked is not None
    assert done is not None
    assert again is not None
    assert asked.name == done.name != again.name


def test_a_date_of_a_schedule_that_is_left_out_asks_nothing_of_the_campaign() -> None:
    left_out = {"auto_scheduled": True, "run_count": 0}
    assert act_in(flow_run(Cancelled(), **left_out)) is None
    assert act_in(flow_run(Cancelled(), **{**left_out, "run_count": 1})) is not None
    assert act_in(flow_run(Cancelled(), run_count=0)) is not None, "asked for by a supervisor"


class Counting(Starter):
    """Counts the stretches that it would start."""

    n = 0

    def start(self) -> None:
        self.n += 1


class Server:
    """Answers as Prefect's server does of one flow run; keeps the state that it is given."""

    def __init__(self, run: FlowRun) -> None:
        self.run = run
        self.ended_as = ""
        kept = self

        class Answering(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if "csrf" in self.path:
                    self.send_error(404)
                else:
                    self._answer(json.loads(kept.run.model_dump_json()))

            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if self.path.endswith("/set_state"):
                    kept.ended_as = asked["state"]["name"]
                    self._answer({"status": "ACCEPT", "details": {}, "state": asked["state"]})
                else:
                    types = asked["flow_runs"]["state"]["type"]["any_"]
                    assert kept.run.state is not None
                    is_meant = kept.run.state.type.value in types
                    self._answer([json.loads(kept.run.model_dump_json())] if is_meant else [])

            def _answer(self, what: object) -> None:
                body = json.dumps(what).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}/api"
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "bench.yaml").write_text(CAMPAIGN)
    return tmp_path / "bench.yaml"


@pytest.fixture
def server(file: Path, tmp_path: Path) -> Iterator[Server]:
    """A server with one stretch of the campaign, and the settings by which it is found."""
    server = Server(flow_run(Running(), parameters={"file": str(file.resolve())}))
    with quiet.in_force(quiet.settings(home=tmp_path / ".prefect", api_url=server.url)):
        yield server
    server.close()


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def starter(file: Path, said: list[str]) -> Iterator[Counting]:
    watched = Watched(Place(file=file), on_message=said.append)
    yield Counting(watched, file=file, home=file.parent)
    watched.close()


@pytest.mark.parametrize(("state", "word"), [(Cancelled, "cancelled"), (Suspended, "suspended")])
def test_a_campaign_stopped_in_the_pages_rests_until_go_and_then_needs_no_restart(
    server: Server, starter: Counting, said: list[str], file: Path, state: type, word: str
) -> None:
    starter._last = server.run.id  # the supervisor had asked for it
    stopped = state()
    stopped.timestamp = datetime.now(UTC)
    server.run.state = stopped
    assert look_at(starter, said.append) is Outlook.PERSON
    assert starter.n == 0
    assert any(f"asked to drain by Prefect's pages ({word}" in line for line in said)
    assert server.ended_as == ("" if word == "cancelled" else "Left"), "there is no resume"
    assert look_at(starter, said.append) is Outlook.PERSON
    with closing(Watched(Place(file=file), on_message=said.append)) as watched:
        restarted = Counting(watched, file=file, home=file.parent)
        assert look_at(restarted, said.append) is Outlook.PERSON
        assert restarted.n == 0, "a new supervisor lets nothing go on by itself"
    with at_work(Place(file=file), with_lab=False, may_begin=False) as session:
        assert session.state.wanted is Wanted.DRAIN
        assert len(session.state.acts) == 1
        want(session, Wanted.RUN, reason="go")
    assert look_at(starter, said.append) is Outlook.DUE
    assert starter.n == 1, "what was asked before does not count again"


def test_a_supervisor_that_begins_finds_what_nobody_was_left_to_enter(
    server: Server, starter: Counting, said: list[str]
) -> None:
    stopped: State = Cancelled()
    stopped.timestamp = datetime.now(UTC)
    server.run.state = stopped
    assert look_at(starter, said.append) is Outlook.PERSON
    assert starter.n == 0


def test_campaigns_of_the_same_name_in_other_folders_are_none_of_its_business(
    server: Server, starter: Counting, said: list[str]
) -> None:
    server.run.parameters = {"file": "/elsewhere/bench.yaml"}
    stopped: State = Cancelled()
    stopped.timestamp = datetime.now(UTC)
    server.run.state = stopped
    assert look_at(starter, said.append) is Outlook.DUE
    assert starter.n == 1
