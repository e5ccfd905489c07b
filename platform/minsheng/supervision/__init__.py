"""Supervision: facts, re-inspection, dossiers; rates and cadence to come."""
