"""Replies: draft, conflict gate, approval, outbox, delivery."""
