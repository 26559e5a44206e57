"""Words to the admin when something needs attention, and when it no longer does."""
