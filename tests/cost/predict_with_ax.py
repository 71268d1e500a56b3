"""What Ax's default model predicts, in its own environment; JSON in, JSON out."""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "planner" / "bench" / "peers" / "drivers"))
from wire import Parameter, Pool
from with_ax import Ax

told = json.load(sys.stdin)
pool = Pool(
    seed=told["pool"]["seed"],
    is_maximised=True,
    parameters=tuple(
        Parameter(**{**each, "choices": tuple(each.get("choices", ()))})
        for each in told["pool"]["parameters"]
    ),
    rows=told["pool"]["rows"],
)
planner = Ax(pool)
for place, outcome in zip(told["known"], told["outcomes"], strict=True):
    planner.tell(pool.values(place), outcome)
planner.ask()
points = [dict(zip(pool.names, pool.values(place), strict=True)) for place in told["asked"]]
found = [each["outcome"] for each in planner._client.predict(points)]
print(json.dumps([[float(mean), float(sem)] for mean, sem in found]))
