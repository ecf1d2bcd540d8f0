"""A small company lives through its story while each of its processes in turn is killed; nothing gets lost."""
