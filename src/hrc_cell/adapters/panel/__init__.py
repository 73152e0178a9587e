"""The operator page: server, challenges, static files, catalogues."""
