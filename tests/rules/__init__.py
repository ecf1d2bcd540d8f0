"""The rules of the house that a machine can check: each takes a source file and tells what is wrong in it."""
