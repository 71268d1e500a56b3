"""Balances of carbon on one catalyst particle, integrated in time.

States, in atoms per particle: C on the surface, L in the layer, P in the poison, B in the metal,
N in the tube, and I, all that came in. With u = 1 - (L + P)/M the free share of the surface::

    dC/dt = g F1 u - (ksb + kc) C          dB/dt = ksb C + kd L - kt B
    dL/dt = g^2 F2 u + kc C - kd L         dN/dt = kt B
    dP/dt = kr u                           dI/dt = (g F1 + g^2 F2 + kr) u

The balances are linear in the states, so the Jacobian is exact and cheap.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import OdeSolution, Radau

from planner.simulators.processes.nanotube_rates import Rates

Vector = NDArray[np.float64]

SURFACE, LAYER, POISON, METAL, TUBE, INFLOW = range(6)

# Lengths are then right to 1e-7 at every corner of the input box, which the tests measure.
RELATIVE_TOLERANCE = 1e-7
# Over the whole box a run takes some hundred; absurd constants would have it step for hours.
MOST_STEPS = 3000


@dataclass(frozen=True, slots=True, kw_only=True)
class Trajectory:
    """All six states over time, as the solver found them.

    Args:
        time_s: (n,) the solver's own steps, which crowd where the states change.
        atoms: (6, n) the states at those times.
        success: whether the solver reached the end within its tolerances.
        message: why not.
        between: the solver's interpolant, from times (k,) to states (6, k).
    """

    time_s: Vector
    atoms: Vector
    success: bool
    message: str
    between: Callable[[Vector], Vector]

    def finely(self, state: int) -> Vector:
        """One state at the steps and at seven times within each, to find its largest value."""
        shares = np.arange(8)[:, None] / 8
        times = self.time_s[:-1] + shares * np.diff(self.time_s)
        inside = self.between(times.T.ravel())[state]
        return np.append(inside, self.atoms[state, -1])


# an overflow ends as a failed run with its reason; NumPy's warning would add nothing
@np.errstate(over="ignore", invalid="ignore")
def integrate(
    rates: Rates, *, duration_s: float, relative_tolerance: float = RELATIVE_TOLERANCE
) -> Trajectory:
    """All six states from a clean particle at time 0 to the end.

    Radau because the rates span ten decades: it stays stable at any step. Faster LSODA took
    half a million steps for constants one standard deviation from their priors' centres.

    Args:
        rates: usable rate constants.
        duration_s: growth time, above 0.
        relative_tolerance: of each state in each step.
    """
    balance, jacobian = _balances(rates)
    solver = Radau(
        balance,
        0.0,
        np.zeros(6),
        duration_s,
        jac=jacobian,
        rtol=relative_tolerance,
        # one tolerance a state, which SciPy takes and its stubs do not know
        atol=1e-3 * relative_tolerance * _scales_atoms(rates, duration_s),  # type: ignore[arg-type]
    )
    times, states, pieces, message = [0.0], [solver.y], [], ""
    while solver.status == "running" and len(times) <= MOST_STEPS:
        message = solver.step() or ""
        times.append(solver.t)
        states.append(solver.y)
        pieces.append(solver.dense_output())
    if solver.status == "running":
        message = f"it had covered {solver.t:.3g} s of {duration_s:.3g} s"
    return Trajectory(
        time_s=np.array(times),
        atoms=np.array(states).T,
        success=solver.status == "finished",
        message=message,
        between=OdeSolution(times, pieces),
    )


def _balances(
    rates: Rates,
) -> tuple[Callable[[float, Vector], Vector], Callable[[float, Vector], Vector]]:
    """The right-hand side and its Jacobian; linear in the states, so the latter is exact."""
    exchange = _exchange_matrix(rates)
    constant, with_front, with_front_squared = _supplies(rates)
    covering = np.zeros(6)
    covering[[LAYER, POISON]] = 1 / rates.capacity

    def supply(time_s: float) -> Vector:
        front = -math.expm1(-rates.front * time_s)
        return constant + front * (with_front + front * with_front_squared)

    def balance(time_s: float, atoms: Vector) -> Vector:
        return exchange @ atoms + supply(time_s) * (1 - covering @ atoms)

    def jacobian(time_s: float, _atoms: Vector) -> Vector:
        return exchange - np.outer(supply(time_s), covering)

    return balance, jacobian


def _scales_atoms(rates: Rates, duration_s: float) -> Vector:
    """What counts as many atoms in each state (6,): what it holds at most, or at steady growth."""
    arriving = rates.attachment + rates.deposition
    offered = (arriving + rates.poisoning) * duration_s
    scales = np.full(6, min(rates.capacity, offered))
    # few atoms pass quickly through these two, and the growth rate is read off the second
    scales[SURFACE] = min(scales[SURFACE], arriving / (rates.dissolution + rates.layer_growth))
    scales[METAL] = min(scales[METAL], arriving / rates.diffusion)
    # the solver divides by these, so they stay above the smallest float where nothing is offered
    return np.asarray(np.maximum(scales, 1e-200))


def _exchange_matrix(rates: Rates) -> Vector:
    """Carbon moving between states: entry (i, j) is what one atom in j gives to i per second."""
    matrix = np.zeros((6, 6))
    for source, target, rate in (
        (SURFACE, METAL, rates.dissolution),
        (SURFACE, LAYER, rates.layer_growth),
        (LAYER, METAL, rates.layer_dissolution),
        (METAL, TUBE, rates.diffusion),
    ):
        matrix[target, source] += rate
        matrix[source, source] -= rate
    return matrix


def _supplies(rates: Rates) -> tuple[Vector, Vector, Vector]:
    """What a free surface receives per second: constant, with the gas front, with its square."""
    supplies = np.zeros((3, 6))
    supplies[0, [POISON, INFLOW]] = rates.poisoning
    supplies[1, [SURFACE, INFLOW]] = rates.attachment
    supplies[2, [LAYER, INFLOW]] = rates.deposition
    return supplies[0], supplies[1], supplies[2]


def inflow_per_s(time_s: Vector, covered: Vector, rates: Rates) -> Vector:
    """Carbon that arrives, dI/dt in atoms/s, at these times with L + P = ``covered`` atoms."""
    front = -np.expm1(-rates.front * time_s)
    offered = front * rates.attachment + front**2 * rates.deposition + rates.poisoning
    return np.asarray(offered * (1 - covered / rates.capacity))
