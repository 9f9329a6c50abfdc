"""GET requests to the lab's own processes."""

import urllib.request

# Whatever proxy the environment names, these addresses are on this machine.
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def get(url: str, seconds: float = 2.0) -> bytes:
    """Fetch a page.

    Args:
        url: `http://...`
        seconds: to wait for the connection, and for each read.

    Returns:
        The body of a 2xx answer.

    Raises:
        OSError: no answer, or another status (`urllib.error.HTTPError` is an OSError).
    """
    with _DIRECT.open(url, timeout=seconds) as answer:
        body: bytes = answer.read()
        return body
