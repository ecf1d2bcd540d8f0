"""The doors of HR systems: each lets a source in, reads what it says, and hands facts to `commands.facts`."""
