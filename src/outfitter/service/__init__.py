"""The shop front: the HTTP API, the page to try it on, and the widget that makes an outfit photo shoppable."""

from outfitter.service.app import create_app
from outfitter.service.settings import Settings

__all__ = ["Settings", "create_app"]
