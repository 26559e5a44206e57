"""Which scanner gets which scan, and what becomes of scans that nobody can finish. Pure: time is an argument."""
