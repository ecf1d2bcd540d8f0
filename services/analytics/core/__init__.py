"""The pure rules of measuring: what each figure means, and the words for it."""
