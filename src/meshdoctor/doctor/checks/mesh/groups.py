"""The fix on EC2 for nodes that do not hear each other: a group that lets in itself."""

from typing import Final

from meshdoctor.doctor.model import Recipe

_AWS: Final = (
    "aws ec2 authorize-security-group-ingress --group-id SG_ID --protocol=-1 --source-group SG_ID"
)
NODES_FIX: Final = (
    "meshdoctor aws security-group --group-id SG_ID   # the nodes' group; prints the missing rule\n"
    f"{_AWS}"
)
"""SG_ID is the one thing that the evidence does not know."""

NODES_RECIPES: Final = (
    Recipe(
        "which group the nodes have",
        "aws ec2 describe-instances --filters Name=private-ip-address,Values=NODE_ADDRESS"
        " --query 'Reservations[].Instances[].SecurityGroups[].GroupId' --output text",
    ),
    Recipe(
        "Terraform",
        'resource "aws_vpc_security_group_ingress_rule" "nodes_to_nodes" {\n'
        '  security_group_id            = "SG_ID"\n'
        '  referenced_security_group_id = "SG_ID"\n'
        '  ip_protocol                  = "-1"\n'
        "}",
    ),
)

OVERLAY_FIX: Final = (
    "meshdoctor aws security-group --group-id SG_ID   # prints what the overlay lacks\n"
    "aws ec2 authorize-security-group-ingress --group-id SG_ID --protocol udp --port 4789"
    " --source-group SG_ID   # VXLAN; IPIP: --protocol 4 without --port"
)
