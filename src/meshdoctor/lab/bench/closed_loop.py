"""Locust users that ask again as soon as they have an answer: the service is never idle."""

from locust import FastHttpUser, constant, task


class Hungry(FastHttpUser):
    """Opens the page, over and over."""

    wait_time = constant(0)

    @task
    def page(self) -> None:
        """Open the page; one that is not live counts as a failure."""
        with self.client.get("/", catch_response=True) as response:
            if (response.headers or {}).get("x-mesh-freshness") != "live":
                response.failure("not live")
