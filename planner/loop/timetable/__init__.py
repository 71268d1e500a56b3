"""Which trial goes where and when: benches, set-ups, places."""
