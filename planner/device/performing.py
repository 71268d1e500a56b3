"""One job, performed: however an act ends, there is an answer to keep."""

from __future__ import annotations

import sys
import traceback

from planner.device.contract import (
    Aborted,
    Act,
    Control,
    Job,
    MachineFailed,
    ProcessFailed,
    as_result,
)
from planner.trials import Answer, DeviceState, Result


def perform(act: Act, job: Job, control: Control) -> Answer:
    """Returns how it ended, as it is to be kept."""
    key, failed = job.key, DeviceState.FAILED
    try:
        control.check()  # stopped before it moved
        result = as_result(act.perform(job, control))
    except Aborted as error:
        return Answer(key=key, state=DeviceState.ABORTED, reason=str(error))
    except ProcessFailed as error:
        return Answer(key=key, state=failed, reason=str(error), failure="process")
    except MachineFailed as error:
        return Answer(key=key, state=failed, reason=str(error))
    except (Exception, SystemExit) as error:
        traceback.print_exc(file=sys.stderr)
        return Answer(key=key, state=failed, reason=f"{type(error).__name__}: {error}")
    achieved = {**control.achieved, **result.achieved}
    whole = Result(outcomes=result.outcomes, achieved=achieved)
    return Answer(key=key, state=DeviceState.DONE, result=whole)
