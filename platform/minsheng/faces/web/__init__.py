"""The pages of the desk: read the request, call one verb, render."""

from minsheng.faces.web.registration import register

__all__ = ["register"]
