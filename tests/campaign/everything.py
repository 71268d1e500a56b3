"""A campaign file in which every key of every kind stands once."""

EVERYTHING = """\
schema: 1
campaign: everything
about: a file in which everything stands
seed: 7
lab: postgresql://planner@server/lab

parameters:
  polymer: {low: 40, high: 99, unit: vol_percent, resolution: 0.5, about: the matrix}
  tubes: {low: 0.5, high: 30, unit: vol_percent, resolution: 0.5, optional: true}
  soot: {low: 0.5, high: 30, unit: vol_percent, resolution: 0.5, optional: true}
  flow: {low: 1 mL/min, high: 0.1 L/min, unit: mL/min, scale: log}
  turns: {kind: integer, low: 1, high: 9}
  speed: {values: [10, 20, 60 Hz], unit: Hz}
  grain: {levels: [coarse, medium, fine]}
  solvent: {choices: {THF: {polarity: 4.0, size: 81}, DMF: {polarity: 6.4, size: 77}}}
  catalyst: {choices: [iron, nickel, "on"]}
  gas: {value: argon}
  pressure: {value: 1 bar, unit: mbar}
  humidity: {kind: contextual, low: 0, high: 600, unit: s}
  oven:
    unit: degC
    time_unit: min
    interpolation: linear
    max_rate: 10 K/min
    resolution: 5
    time_resolution: 1
    knots:
      - {at: 0, value: 25}
      - {at: {low: 40, high: 2 h}, value: {low: 400, high: 800}}
      - {at: {low: 60, high: 300}, value: 100}

constraints:
  - {mixture: [polymer, tubes, soot], total: 100, present: {at_least: 2}}
  - {count: [tubes, soot], at_least: 1, at_most: 2}
  - {weights: {tubes: 20, soot: 1}, at_most: 300}
  - {expression: ln(flow) * turns + sqrt(speed), at_least: 1, at_most: 90}
  - {exclude: {solvent: THF, catalyst: [iron, "on"], tubes: {at_least: 10, at_most: 30}}}

outcomes:
  strength: {unit: MPa, bounds: [0, null], expected: [1, 80], noise: 0.5, about: in a tensile test}
  phase: {kind: class, classes: [pure, mixed, none], ordered: true}
  spectrum: {kind: curve, unit: OD, x_name: wavelength, x_unit: nm}
  peak: {unit: nm, reduce: spectrum, by: {name: peak_position, from: 400 nm, to: 700}}
  distance:
    unit: OD
    reduce: spectrum
    by: {name: distance, target: {path: target.csv, columns: {x: 1, y: {column: 2, unit: OD}}}}
  sizes: {kind: distribution, unit: nm}
  size: {unit: um, reduce: sizes, by: median}
  image: {kind: image, about: by microscope}
  raw: {kind: file}

objectives:
  - {aim: maximise, outcome: strength, gain: 2, goal: 60}

sources:
  kiln:
    kind: person
    about: two ovens in the cellar
    cost: 2.5 + 0.8 * tubes
    duration: 4 h
    capacity: 6
    devices: [left, right]
    shared: [oven_2, oven_2_time, oven_3_time]
    set_up: {time: 40 min, parameters: [catalyst, solvent]}
    hours: Mon-Fri 18:00-06:00, Sat 08:00-20:00
    time_zone: Europe/Berlin
    holidays: [2026-12-24, 2026-12-25]
    consumables:
      gold: {stock: 2 g, unit: mg, use: 5 mg}
      tubes: {stock: 90, unit: g, use: 0.02 * tubes}
    retries: 1
    time_limit: 1 days
  microscope: {kind: analysis, measures: [image, raw], cost: 30, duration: 3 days, queue: 4}

sensors:
  chamber:
    about: a thermocouple
    source: left
    unit: degC
    limits: [0, 1500 K]
    gap: 10 s
    filter: {outliers: 7, threshold: 4, resolution: 0.1, noise: 5}
    keep: {raw: 30 days, every: 1 min, means: 730 days}
  air: {unit: rh_percent}

context:
  humidity: {sensor: air, summary: time_above, window: before 10 min, above: 40}
preconditions:
  - "chamber < 400 K, no older than 5 s"

budget: {trials: 40, cost: 2000 EUR, time: 90 days}
policy: {acquisition: ucb, beta: 1.5, start: 8, approval: person}
stop: {goal_probability: 0.9, remaining_gain: 0.5, failures: 4}
"""
