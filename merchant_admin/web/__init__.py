"""HTTP that features share: who may come in, headers and content policy, forms, assets, pages and fragments.

Knows no feature. Features register what they add (navigation entries, the loader of signed-in staff).
"""
