"""What can go wrong between this machine and EC2, and on the way from its JSON.

- `AwsError`
  - `NoCredentialsError`: nobody said who we are
  - `NoRegionError`: nobody said where
  - `RefusedError`: EC2 knows us not, or does not let us
  - `UnknownThingError`: EC2, or the file, has no such group or instance
  - `ThrottledError`: asked too often
  - `SilentError`: no whole answer in time
  - `NotConnectedError`: no connection
  - `NonsenseError`: an answer, or a file, that is not what EC2 writes
  - `CutOffError`: a page of several
  - `FailedError`: EC2 said anything else
"""

from typing import ClassVar

from meshdoctor.probes.aws.evidence import Failure, Trouble


class AwsError(Exception):
    """Something could not be had; the text says what was asked and what came of it."""

    trouble: ClassVar[Trouble]

    @property
    def failure(self) -> Failure:
        """The error as evidence."""
        return Failure(self.trouble, str(self))


class NoCredentialsError(AwsError):
    """No credentials, or not all of them."""

    trouble = Trouble.NO_CREDENTIALS


class NoRegionError(AwsError):
    """No region."""

    trouble = Trouble.NO_REGION


class RefusedError(AwsError):
    """The credentials are wrong or old, or do not allow the question."""

    trouble = Trouble.REFUSED


class UnknownThingError(AwsError):
    """No such group or instance."""

    trouble = Trouble.UNKNOWN_THING


class ThrottledError(AwsError):
    """EC2 was asked too often from this account."""

    trouble = Trouble.THROTTLED


class SilentError(AwsError):
    """No whole answer in time."""

    trouble = Trouble.SILENT


class NotConnectedError(AwsError):
    """No connection to EC2."""

    trouble = Trouble.NOT_CONNECTED


class NonsenseError(AwsError):
    """Not what EC2 writes."""

    trouble = Trouble.NONSENSE


class CutOffError(AwsError):
    """One page of several: what is missing could be the rule that decides."""

    trouble = Trouble.CUT_OFF


class FailedError(AwsError):
    """EC2 said something that has no name here."""

    trouble = Trouble.FAILED
