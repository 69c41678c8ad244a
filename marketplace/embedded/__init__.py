"""The embedded PostgreSQL: the first process that needs it starts it, and it stops when the last one is gone.

Every process that uses the server holds a shared lock on `users.lock`; the kernel drops it even after
kill -9. A detached supervisor starts the server, restarts it when it dies, and waits for the exclusive
lock: having it means that nobody is left, so it stops the server and ends. While it lives it holds
`supervisor.lock`, for which the users wait: having it means that it was killed, so one of them starts
another. Every process of the server itself holds `server.lock`, so no second server is ever started on
its data, and stale files of a dead server are recognised.

This package imports nothing but the standard library: the supervisor runs it without the rest.
"""
