"""What customers are told, and what they answered: an outbox that sends nothing twice, texts that staff can edit.

A feature that changes something for a customer calls `writing.tell_customer` in the same write.
"""
