"""Charges we ask for, and payments PortOne reports.

Three layers, never mixed: a *charge* is what staff want, unique by the sheet it came from; an *attempt* is one
`merchant_uid` and the protocol around sending it; a *payment* is what PortOne says happened, one row per `imp_uid`.
A *payment line* is the one row of the history that lists read, kept in the same commit as what it tells of.
"""
