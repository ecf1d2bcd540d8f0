"""A small company lives its story while each of its processes in turn is killed; nothing gets lost."""
