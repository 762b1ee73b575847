"""From readings to verdicts: the knowledge base of rules, and the judge that applies it."""
