"""The independent checker: reads databases and topics, never what services count, and states the invariants.

It imports nothing of `services` and `shared`: what they are to do is written down here a second time.
"""
