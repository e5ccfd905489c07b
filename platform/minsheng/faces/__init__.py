"""What people and machines meet: the command line, the HTTP API and the pages."""
