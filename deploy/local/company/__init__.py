"""The sample company: 290 people, what they do, and what the sources lack, made up from a seed."""
