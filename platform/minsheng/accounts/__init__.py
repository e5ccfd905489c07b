"""Who may come in: users with local accounts, their sessions, and API clients.

The verbs stand in :mod:`minsheng.accounts.service`, access tokens in
:mod:`minsheng.accounts.tokens`, the table of roles in :mod:`minsheng.accounts.roles`, scopes in
:mod:`minsheng.accounts.scopes` and every error in :mod:`minsheng.accounts.errors`.
"""
