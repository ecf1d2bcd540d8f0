"""Servers go away and come back: what the services do meanwhile, and that nothing gets lost."""
