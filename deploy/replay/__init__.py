"""Rebuilds what a service keeps into a fresh database and compares it with the live one, table by table.

`figures` rebuilds analytics from its event log, `cards` the copies of compacted topics from those topics, by
the service's own handlers and jobs. `scratch` makes the database, `comparing` compares, `report` shows.
"""
