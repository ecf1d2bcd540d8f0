"""Fixtures of the chaos tests: stacks that are broken on purpose."""
