"""`fediward-scanner doctor`: look at everything that has to be right, and name who is guilty and what to do."""
