"""What others may rely on, written down: JSON Schemas of the events, AsyncAPI, OpenAPI of every service.

`python -m shared.contract write` renews the committed files, `… check` tells which are stale or broken.
"""
