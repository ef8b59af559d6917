"""Evidence for off-policy evaluation: estimates from logs of which the truth is known."""
