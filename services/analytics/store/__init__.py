"""The only SQL of analytics: facts in, figures and lists out."""
