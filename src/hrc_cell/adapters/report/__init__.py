"""The commissioning report of a cell: one HTML file that prints well."""
