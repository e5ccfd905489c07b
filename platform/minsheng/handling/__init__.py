"""Handling: flows, deadlines, claims, dispatch and handovers, tasks, instructions."""
