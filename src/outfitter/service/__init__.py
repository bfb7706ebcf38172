"""The shop front: the HTTP API, the page to try it on, and the widget that makes an outfit photo shoppable."""
