"""The only SQL of notifications: what was heard, what is owed, what is being delivered."""
