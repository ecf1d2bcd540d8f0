"""The rules of a pair's rhythm: pure values in, decisions out."""
