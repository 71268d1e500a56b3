"""What BayBE's default model predicts, in its own environment; JSON in, JSON out."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[2] / "planner" / "bench" / "peers" / "drivers"))
from wire import Parameter, Pool
from with_baybe import BayBE

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
planner = BayBE(pool)
for place, outcome in zip(told["known"], told["outcomes"], strict=True):
    planner.tell(pool.values(place), outcome)
planner.ask()
asked = pd.DataFrame([pool.values(place) for place in told["asked"]], columns=pool.names)
posterior = planner._campaign.posterior(asked)
mean, variance = posterior.mean.detach().ravel(), posterior.variance.detach().ravel()
print(json.dumps([[float(m), float(v) ** 0.5] for m, v in zip(mean, variance, strict=True)]))
