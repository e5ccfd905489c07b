"""Pure rendering to PDF and archives."""
