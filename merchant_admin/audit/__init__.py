"""Who did what to which record, when and why.

One append-only timeline, written in the same commit as the change it tells of, and chained by HMAC so that an
edit, a deletion or an insertion in the database shows. Ids and facts only: no names of customers, no phone
numbers, never a card field.
"""
