"""Looking over all subscriptions at once: the calendar, what is to come and what of it is at risk, and the numbers."""
