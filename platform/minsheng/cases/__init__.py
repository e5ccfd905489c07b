"""The matter: cases, the merge ledger, the queue and search."""
