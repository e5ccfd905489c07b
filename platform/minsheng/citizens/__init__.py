"""Citizens' side: submit, track, add, rate, reopen; call-backs and what follows a rating."""
