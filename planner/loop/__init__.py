"""The loop: reconcile, collect, assess, ask, approve, dispatch; and what people do to it."""
