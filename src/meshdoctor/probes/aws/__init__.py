"""What EC2 says about the nodes' security groups: from saved JSON or asked, told as data.

`evidence` is the data, `documents` reads the JSON of the AWS command line, `ec2` asks by boto3.
"""
