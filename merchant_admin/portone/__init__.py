"""The only code that speaks to PortOne V1.

client: HTTP, tokens, the envelope. wire: JSON made into types, once. types: what rules see.
gateway: what the product asks PortOne to do, in its own words.
"""
