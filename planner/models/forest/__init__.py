"""A forest for responses with edges: trees of random splits, each a process of its own."""
