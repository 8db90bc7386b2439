"""Named problems for a person: what differs from what was asked or booked, who looks after it, and how it ended.

A case is opened by a rule, in the commit of the fact it is about, once for each (kind, subject). Money is put right
where money is moved; a case only says what is wrong and who answered for it.
"""
