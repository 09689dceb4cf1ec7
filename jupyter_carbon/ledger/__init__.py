"""What outlives the kernel: an account of every session, in one SQLite file per user and host.

`records` are the rows, `schema` their tables, `statements` the SQL that writes
them. `place` says where the file lies, `opening` opens it (`access` whose it is,
`migrate` of which version), `store` writes it, and `keeper` has that done beside
the meter's thread. `healing`, `beside` and `gate` are for what goes wrong: damage,
no locks, forks. `history` and `overlap` answer what it all came to.
"""
