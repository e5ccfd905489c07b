"""The HTTP API under ``/api/v1``: validate, call one verb, dump.

Blueprints stand here and not in the rooms they serve, because the gate that knows tokens and
scopes belongs to the faces, and a room may not import upwards.
"""

from minsheng.faces.api.registration import register_api

__all__ = ["register_api"]
