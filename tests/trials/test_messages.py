"""What travels as JSON comes back as it was."""

from __future__ import annotations

import math

from planner.trials import ANSWERS, Answer, DeviceState, Reported, Result, Series


def test_numbers_that_json_does_not_know_come_back_as_they_were() -> None:
    curve = Series(x=(1.0, math.nan), y=(-math.inf, 2.0))
    outcomes = {"yield": Reported(value=math.nan, sd=math.inf), "curve": Reported(value=curve)}
    answer = Answer(key="c/1/1", state=DeviceState.DONE, result=Result(outcomes=outcomes))
    text = ANSWERS.dump_json(answer)
    read = ANSWERS.validate_json(text)
    for absent in (b"unit", b"x_unit", b"sd", b"began", b"ended"):
        text = text.replace(b'"%s":null' % absent, b"")
    assert b"null" not in text
    assert repr(read) == repr(answer)  # NaN is not equal to itself; what is printed is
