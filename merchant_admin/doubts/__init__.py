"""What is kept while an outcome is not known: each look at PortOne with its answer, and closing by hand.

A look is written when it was made and never changes. Closing by hand takes two people: one asks, with a reason and
what they saw; another agrees. What is closed, and whether it may be, is for the features above to say.
"""
