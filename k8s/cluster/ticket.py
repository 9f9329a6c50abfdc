#!/usr/bin/env python3
"""Pass the workers' ticket, token and CA hash, through one SecureString of the Parameter Store.

The instance profiles allow just this: the control plane puts and deletes it, workers read it.
boto3 is Ubuntu's own package; its newest releases do not carry the AWS command line any more.
"""

import argparse
import sys
import time

import boto3
from botocore.exceptions import ClientError

SECONDS_BETWEEN_LOOKS = 5
# IAM tells its servers about a new role one after the other, so a refusal may only be early.
NOT_YET = {"ParameterNotFound", "AccessDeniedException"}


def put(name: str) -> None:
    """Store what standard input says, encrypted with the account's own key for parameters."""
    client = boto3.client("ssm")
    client.put_parameter(Name=name, Value=sys.stdin.read(), Type="SecureString", Overwrite=True)


def get(name: str, seconds: float) -> str:
    """Return the ticket, waiting up to `seconds` for it.

    Raises:
        SystemExit: nobody has put it in time.
    """
    client = boto3.client("ssm")
    end = time.monotonic() + seconds
    while True:
        try:
            return str(client.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"])
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code not in NOT_YET:
                raise
        if time.monotonic() > end:
            raise SystemExit(
                f"no ticket at {name} in {seconds:.0f} s ({code}): has the control plane failed?"
            )
        time.sleep(SECONDS_BETWEEN_LOOKS)


def delete(name: str) -> None:
    """Delete the ticket; one that is gone already is as good."""
    boto3.client("ssm").delete_parameters(Names=[name])


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("deed", choices=["put", "get", "delete"])
    parser.add_argument("name", help="name of the parameter")
    parser.add_argument("--seconds", type=float, default=0, help="how long `get` waits")
    asked = parser.parse_args()
    if asked.deed == "put":
        put(asked.name)
    elif asked.deed == "get":
        sys.stdout.write(get(asked.name, asked.seconds))
    else:
        delete(asked.name)


if __name__ == "__main__":
    main()
