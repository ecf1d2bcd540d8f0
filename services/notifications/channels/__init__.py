"""How a message reaches somebody outside: the letter, the calendar entry in it, and the mail server."""
