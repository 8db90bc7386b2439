"""Money back, whole or part.

A refund states its amount and the balance it believes in; PortOne refuses it if the balance has moved. It is found
again in the payment's cancel history by the reference in its reason, so that an answer that was lost is never guessed.
"""
