"""A believable merchant's past, for a first look and for training: people, cards, fourteen months of payments.

cast: invented people and goods. story: what happens when, decided by a seed. telling: the story carried out through
the same services staff use, with both clocks set back, so that the sandbox and the books agree. commands: the
command line. Works only in sandbox mode and on an empty database.
"""
