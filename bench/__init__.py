"""How fast the product answers, in figures that can be compared from one commit to the next."""
