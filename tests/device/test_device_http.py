"""A device over HTTP, by a real server on this machine."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme

from planner.device.config import DeviceSpec
from planner.device.running import Device
from planner.errors import Refused
from planner.trials import ANSWERS, HEARTBEATS, REJECTIONS
from tests.device.devices import TEMPERATURE, VIRTUAL, make_order, wait_for


@contextmanager
def serving(folder: Path, verify: Any = True, **sections: Any) -> Iterator[httpx.Client]:
    whole = {"device": "furnace", "fields": TEMPERATURE, "act": VIRTUAL, "http": {"port": 0}}
    spec = DeviceSpec.model_validate({**whole, **sections})
    device = Device(spec, folder=folder)
    (place,) = device.start()
    with httpx.Client(base_url=place, verify=verify, timeout=20) as client:
        yield client
    device.close()


@pytest.fixture
def client(tmp_path: Path) -> Iterator[httpx.Client]:
    with serving(tmp_path) as client:
        yield client


def put(client: httpx.Client, order: dict[str, Any]) -> httpx.Response:
    return client.put(f"/jobs/{order['key']}", json=order)


def error_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, REJECTIONS.validate_json(answer.content).error


def done(client: httpx.Client, key: str) -> Any:
    def look() -> Any:
        answer = ANSWERS.validate_json(client.get(f"/jobs/{key}").content)
        return answer if answer.state not in ("accepted", "started", "paused") else None

    return wait_for(look, f"end of {key}")


def test_an_order_is_taken_performed_and_told(client: httpx.Client) -> None:
    taken = put(client, make_order())
    assert taken.status_code == 200
    answer = done(client, "c/1/1")
    assert answer.state == "done"
    assert abs(answer.result.outcomes["yield"].value - 120.0) < 5 * 0.5  # five deviations
    assert answer.result.achieved["temperature"].value == 60.0
    assert ANSWERS.validate_json(put(client, make_order()).content) == answer
    assert ANSWERS.validate_json(client.get("/jobs/c%2F1%2F1").content) == answer
    asked = client.post("/jobs/ask", json={"keys": ["c/1/1", "c/9/1"]}).json()
    assert [each["key"] for each in asked["answers"]] == ["c/1/1"]
    encoded = client.put("/jobs/c%2F1%2F1", json=make_order())
    assert ANSWERS.validate_json(encoded.content) == answer


def test_a_rejection_has_its_status_and_says_why(client: httpx.Client) -> None:
    assert put(client, make_order(token=5)).status_code == 200
    assert error_of(put(client, make_order("c/2/1", token=4))) == (409, "stale token")
    assert error_of(put(client, make_order(token=5, ledger="x"))) == (409, "other ledger")
    assert error_of(put(client, make_order(token=5, digest="x"))) == (409, "other order")
    assert error_of(client.get("/jobs/c/9/1")) == (404, "unknown key")
    assert error_of(client.put("/jobs/c/8/1", json=make_order())) == (422, "bad message")
    sender = {"token": 5, "ledger": "ledger-1", "reason": "x"}
    assert error_of(client.post("/jobs/c/9/1/abort", json=sender)) == (404, "unknown key")
    assert client.post("/jobs/c/1/1/abort", json=sender).status_code == 200
    change = {"digest": "a", "parameters": {}, "token": 5, "ledger": "ledger-1"}
    done(client, "c/1/1")
    assert client.put("/jobs/c/1/1/adjustments/1", json=change).json()["state"] == "refused"


BAD = [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"key": 1}', b"[" * 100_000, b'{"key": NaN}']


def test_what_cannot_be_read_is_a_bad_message(client: httpx.Client) -> None:
    headers = {"content-type": "application/json"}
    for body in BAD:
        answer = client.put("/jobs/c/1/1", content=body, headers=headers)
        assert error_of(answer) == (422, "bad message"), body[:20]
    assert error_of(client.get("/nothing")) == (404, "bad message")
    assert client.get("/status").json()["state"] == "ready"


def test_a_body_that_is_too_large_is_not_read(client: httpx.Client) -> None:
    large = b" " * (2**20 + 1)
    assert error_of(client.put("/jobs/c/1/1", content=large)) == (413, "bad message")
    in_parts = (b" " * 2**16 for _ in range(20))  # without saying beforehand how much it is
    assert client.put("/jobs/c/1/1", content=in_parts).status_code == 413
    many = {"keys": [f"c/{i}/1" for i in range(1_001)]}
    assert error_of(client.post("/jobs/ask", json=many)) == (422, "bad message")


def test_who_asks_too_often_waits_and_a_stop_gets_through(tmp_path: Path) -> None:
    with serving(tmp_path, http={"port": 0, "rate": 1}) as client:
        answers = [client.get("/status") for _ in range(20)]
        assert answers[0].status_code == 200
        assert error_of(answers[-1]) == (429, "too often")
        stopped = client.post("/stop", json={"by": "Ada", "reason": "smoke"})
        assert HEARTBEATS.validate_json(stopped.content).state == "stopped"


def test_tokens_tell_a_planner_from_a_person_and_from_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_TOKEN", "for planners")
    secret = tmp_path / "person.token"
    secret.write_text("for people\n")
    secret.chmod(0o600)
    http = {"port": 0, "token": {"env": "A_TOKEN"}, "clear_token": {"file": str(secret)}}
    planner, person = ({"authorization": f"Bearer for {who}"} for who in ("planners", "people"))
    words = {"by": "Ada", "reason": "smoke"}
    with serving(tmp_path, http=http) as client:
        assert error_of(client.get("/status")) == (401, "not allowed")
        assert error_of(client.get("/status", headers={"authorization": "Bearer x"}))[0] == 401
        assert error_of(put(client, make_order()))[0] == 401
        assert error_of(client.post("/stop", json=words))[0] == 401
        client.headers.update(planner)
        assert client.post("/stop", json=words).json()["state"] == "stopped"
        assert error_of(put(client, make_order())) == (423, "locked")
        assert error_of(client.post("/clear", json=words)) == (401, "not allowed")
        assert error_of(client.post("/release", json=words)) == (401, "not allowed")
        cleared = client.post("/clear", json=words, headers=person)
        assert cleared.json()["state"] == "ready"
        assert client.post("/release", json=words, headers=person).status_code == 200


def test_without_a_clear_token_nobody_clears_it_from_afar(client: httpx.Client) -> None:
    answer = client.post("/clear", json={"by": "Ada", "reason": "x"})
    assert error_of(answer) == (401, "not allowed")


def test_the_openapi_document_lists_all_that_can_be_asked(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    asked = {(path, verb) for path, verbs in document["paths"].items() for verb in verbs}
    assert asked == {
        ("/jobs/{key}", "get"),
        ("/jobs/{key}", "put"),
        ("/jobs/{key}/abort", "post"),
        ("/jobs/{key}/adjustments/{number}", "put"),
        ("/jobs/ask", "post"),
        ("/status", "get"),
        ("/stop", "post"),
        ("/clear", "post"),
        ("/release", "post"),
        ("/readings", "get"),
    }
    assert {"Order", "Answer", "Rejection", "Heartbeat"} <= set(document["components"]["schemas"])


def test_tls_is_spoken_and_a_stranger_is_not_trusted(tmp_path: Path) -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    (tmp_path / "key.pem").chmod(0o600)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    http = {"port": 0, "certificate": "cert.pem", "key": "key.pem"}
    with serving(tmp_path, trusting, http=http) as client:
        assert str(client.base_url).startswith("https://")
        assert put(client, make_order()).status_code == 200
        with pytest.raises(httpx.ConnectError, match="certificate"):
            httpx.get(client.base_url.join("/status"))


def test_a_port_that_is_taken_is_said(tmp_path: Path, client: httpx.Client) -> None:
    other = tmp_path / "other"
    other.mkdir()
    http = {"port": client.base_url.port}
    with pytest.raises(Refused, match="port is taken"), serving(other, http=http):
        pass


def test_no_number_travels_as_no_number(tmp_path: Path) -> None:
    act = {**VIRTUAL, "faults": {"nan": 1.0}}
    with serving(tmp_path, act=act) as client:
        put(client, make_order())
        value = done(client, "c/1/1").result.outcomes["yield"].value
        assert value != value  # NaN alone is not itself


def test_readings_wait_until_they_are_fetched(tmp_path: Path) -> None:
    sensors = {"heater": {"formula": "temperature + elapsed", "unit": "degC"}}
    with serving(tmp_path, act={**VIRTUAL, "sensors": sensors}) as client:
        put(client, make_order())
        done(client, "c/1/1")
        stored = wait_for(lambda: (r := client.get("/readings").json())["last"] == 10 and r, "them")
        first = stored["readings"][0]
        assert set(first) == {"name", "unit", "value", "quality", "at", "sequence"}
        assert [each["sequence"] for each in stored["readings"]] == list(range(1, 11))
        assert client.get("/readings").json() == stored  # nobody has said that they arrived
        assert len(client.get("/readings?after=7").json()["readings"]) == 3
        assert client.get("/readings?after=0").json()["readings"][0]["sequence"] == 8
        assert client.get("/readings?after=10").json() == {"readings": [], "last": 10}
        assert client.get("/readings?after=99").json() == {"readings": [], "last": 10}
