"""What every test shares: Hypothesis tries the same examples for everyone, without a stopwatch."""

from hypothesis import settings

settings.register_profile("house", deadline=None, derandomize=True)
settings.load_profile("house")
