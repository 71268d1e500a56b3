"""What another planner's default model predicts: ``python predict_with_peer.py ax`` or ``baybe``.

It runs in that planner's own environment; one JSON object comes in, the moments go out as JSON.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2] / "planner" / "bench" / "peers" / "drivers"))
from wire import Parameter, Pool


def of_ax(pool: Pool, told: dict[str, Any]) -> list[list[float]]:
    """Returns mean and standard error at each row that is asked for."""
    from with_ax import Ax

    planner = Ax(pool)
    learn(planner, pool, told)
    points = [dict(zip(pool.names, pool.values(place), strict=True)) for place in told["asked"]]
    found = [each["outcome"] for each in planner._client.predict(points)]
    return [[float(mean), float(sem)] for mean, sem in found]


def of_baybe(pool: Pool, told: dict[str, Any]) -> list[list[float]]:
    """Returns mean and deviation of the posterior at each row that is asked for."""
    import pandas as pd
    from with_baybe import BayBE

    planner = BayBE(pool)
    learn(planner, pool, told)
    asked = pd.DataFrame([pool.values(place) for place in told["asked"]], columns=pool.names)
    posterior = planner._campaign.posterior(asked)
    mean, variance = posterior.mean.detach().ravel(), posterior.variance.detach().ravel()
    return [[float(m), float(v) ** 0.5] for m, v in zip(mean, variance, strict=True)]


def learn(planner: Any, pool: Pool, told: dict[str, Any]) -> None:
    """Tells the planner what is known, and has it fit its model."""
    for place, outcome in zip(told["known"], told["outcomes"], strict=True):
        planner.tell(pool.values(place), outcome)
    planner.ask()


def read_pool(told: dict[str, Any]) -> Pool:
    """Returns the pool that the message describes."""
    parameters = [
        Parameter(**{**each, "choices": tuple(each.get("choices", ()))})
        for each in told["parameters"]
    ]
    return Pool(
        seed=told["seed"],
        is_maximised=told["is_maximised"],
        parameters=tuple(parameters),
        rows=told["rows"],
    )


if __name__ == "__main__":
    message = json.load(sys.stdin)
    predict = {"ax": of_ax, "baybe": of_baybe}[sys.argv[1]]
    print(json.dumps(predict(read_pool(message["pool"]), message)))
