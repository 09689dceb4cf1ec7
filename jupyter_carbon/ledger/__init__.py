"""What outlives the kernel: an account of every session, in one SQLite file per user and host.

`records` are the rows, `schema` their tables, `statements` the SQL, `store`
runs it, `place` says where the file lies, `keeper` writes beside the meter's
thread, `history` and `overlap` answer what it all came to.
"""
