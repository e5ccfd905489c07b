"""Who may come in: users with local accounts, their sessions, and API clients."""
