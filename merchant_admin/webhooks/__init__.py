"""What PortOne tells us. A webhook carries no signature, so it is a hint: stored raw, answered at once, then read back.

The worker reads the payment it names and applies what PortOne says; the body's own status is never believed.
"""
