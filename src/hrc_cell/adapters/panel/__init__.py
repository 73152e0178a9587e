"""The operator page: server, sessions, static files, catalogues."""
