"""Fetches the broker's jars: what `make setup` does last."""

import sys

from deploy.local import kafka
from deploy.local.child import Trouble

try:
    kafka.fetch_jars()
except Trouble as trouble:
    sys.exit(str(trouble))
