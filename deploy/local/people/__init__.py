"""The simulated people: they know only what a person would know.

They read their mail, follow its signed links and fill in forms over HTTP. `letters` reads mails, `forms`
pages, `temper` says what a character is like, `habits` what a person does about a letter and when, `words`
what they write, `visits` does it, and `crowd` lets them act one after another.
"""
