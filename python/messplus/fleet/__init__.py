"""One router in many processes: replicas that share an ordered log."""
