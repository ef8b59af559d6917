"""What a router has done: its report, and the forms in which others read it."""
