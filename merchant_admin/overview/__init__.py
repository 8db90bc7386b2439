"""Screens that read across features: home, one customer, one billing key, one payment, search."""
