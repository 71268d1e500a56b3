"""The virtual lab: a device with faults to order, on the agent that real devices have."""
