"""The stack as CloudFormation gets it, and as a loopback AWS makes it."""

import base64
import re
import subprocess
import sys

import pytest
import yaml

from tests.cluster.cloud import CANONICAL, CLUSTER, NAME, Cloud, stack_document, stack_text

STACK = stack_document()
RESOURCES = STACK["Resources"]
NODES = {"control-plane": "ControlPlane", "worker-1": "Worker1", "worker-2": "Worker2"}
MOST_OF_A_TEMPLATE = 51_200  # bytes; a longer one must lie in S3
MOST_OF_USER_DATA = 16 * 1024  # bytes before base64
# moto has no WaitCondition, so it leaves the handle's name; AWS puts an address of this length.
LONGEST_ADDRESS = 1_024
SECRET = re.compile(r"token|secret|password|key|join", re.IGNORECASE)


def user_data(cloud: Cloud, node: str) -> str:
    """Return what cloud-init reads on a node."""
    told = cloud.client("ec2").describe_instance_attribute(
        InstanceId=cloud.nodes()[node]["InstanceId"], Attribute="userData"
    )
    return base64.b64decode(told["UserData"]["Value"]).decode()


def written(cloud: Cloud, node: str) -> dict[str, str]:
    """Return the files that cloud-init writes on a node."""
    entries = yaml.safe_load(user_data(cloud, node))["write_files"]
    return {each["path"].removeprefix("/opt/cluster/"): each["content"] for each in entries}


def test_the_stack_equals_its_source() -> None:
    """stack.yaml is template.yaml with the nodes' files in it, byte for byte."""
    command = [sys.executable, str(CLUSTER / "assemble.py"), "-"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)

    assert stack_text() == done.stdout, "run: python k8s/cluster/assemble.py"


def test_the_stack_needs_no_bucket() -> None:
    """The template is short enough to be handed over as it is."""
    assert len(stack_text().encode()) <= MOST_OF_A_TEMPLATE


@pytest.mark.integration
@pytest.mark.parametrize("node", NODES)
def test_a_node_gets_the_files_byte_for_byte(cloud: Cloud, node: str) -> None:
    """After Fn::Sub the shell's own ${...} stand as written, and fit EC2's 16 KiB."""
    files = written(cloud, node)
    environment = files.pop("node.env")

    assert {name: (CLUSTER / name).read_text("utf-8") for name in files} == files
    assert {"versions.env", "boot.sh", "prepare.sh", "ticket.py"} < set(files)
    assert f"{'worker' if 'worker' in node else node}.sh" in files
    assert f"\nNODE={node}\n" in environment
    assert f"\nPARAMETER=/meshdoctor/{NAME}/join\n" in environment
    assert len(user_data(cloud, node).encode()) + LONGEST_ADDRESS <= MOST_OF_USER_DATA


@pytest.mark.integration
def test_three_nodes_run(cloud: Cloud) -> None:
    """One control plane and two workers, at the addresses that kubeadm's files name."""
    assert {
        "control-plane": ("10.0.0.10", "t3.medium"),
        "worker-1": ("10.0.0.11", "t3.medium"),
        "worker-2": ("10.0.0.12", "t3.medium"),
    } == {
        name: (each["PrivateIpAddress"], each["InstanceType"])
        for name, each in cloud.nodes().items()
    }


@pytest.mark.integration
@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("ControlPlaneRole", ["ssm:PutParameter", "ssm:DeleteParameters"]),
        ("WorkerRole", ["ssm:GetParameter"]),
    ],
)
def test_a_node_may_pass_the_ticket_and_nothing_else(
    cloud: Cloud, kind: str, expected: list[str]
) -> None:
    """Each role has one policy: its side of one parameter, which no other stack has."""
    iam = cloud.client("iam")
    role = next(each for each in iam.list_roles()["Roles"] if kind in each["RoleName"])["RoleName"]
    assert ["ticket"] == iam.list_role_policies(RoleName=role)["PolicyNames"]
    assert [] == iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]

    policy = iam.get_role_policy(RoleName=role, PolicyName="ticket")["PolicyDocument"]
    # moto hands it over as Python's text of it, which is YAML too.
    (statement,) = yaml.safe_load(str(policy))["Statement"]
    actions = statement["Action"]
    assert expected == (actions if isinstance(actions, list) else [actions])
    assert statement["Resource"].endswith(f":parameter/meshdoctor/{NAME}/join")
    assert "*" not in statement["Resource"]


@pytest.mark.parametrize("node", NODES.values())
def test_a_node_is_closed_inside_too(node: str) -> None:
    """IMDSv2 only and out of reach of Pods, encrypted gp3 that ends with the node, one group."""
    properties = RESOURCES[node]["Properties"]
    (disk,) = properties["BlockDeviceMappings"]

    assert {
        "HttpEndpoint": "enabled",
        "HttpTokens": "required",
        "HttpPutResponseHopLimit": 1,
    } == properties["MetadataOptions"]
    assert ("gp3", True, True) == tuple(
        disk["Ebs"][key] for key in ("VolumeType", "Encrypted", "DeleteOnTermination")
    )
    assert [{"Ref": "NodeGroup"}] == properties["SecurityGroupIds"]


def test_the_image_is_canonicals_for_amd64() -> None:
    """The newest Ubuntu 24.04 of the region is looked up, for the story's platform."""
    image = STACK["Parameters"]["NodeImage"]

    assert ("AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>", CANONICAL) == (
        image["Type"],
        image["Default"],
    )


def test_a_broken_node_is_a_failed_stack() -> None:
    """The stack waits for the signals of all three nodes, and for half an hour at most."""
    wait = RESOURCES["ThreeNodes"]

    assert set(NODES.values()) < set(wait["DependsOn"])
    assert (len(NODES), "1800") == (wait["Properties"]["Count"], wait["Properties"]["Timeout"])


def test_outputs_tell_the_way_in_and_no_secret() -> None:
    """Addresses, the page, a shell, the kubeconfig's way, the group; nothing that opens a door."""
    outputs = STACK["Outputs"]

    assert {
        "Page",
        "ControlPlaneAddress",
        "Worker1Address",
        "Worker2Address",
        "Ssh",
        "Kubeconfig",
        "SecurityGroup",
    } == set(outputs)
    assert [] == [name for name, each in outputs.items() if SECRET.search(str(each["Value"]))]
    used = set(re.findall(r"'(?:Ref|Fn::GetAtt)': \[?'(\w+)'|\$\{(\w+)", str(outputs)))
    assert {"ControlPlane", "Worker1", "Worker2", "NodeGroup"} == {a or b for a, b in used}


@pytest.mark.parametrize("name", sorted(path.name for path in CLUSTER.iterdir() if path.is_file()))
def test_no_secret_is_written_down(name: str) -> None:
    """No key, no token and no account number stands in the cluster's files."""
    text = (CLUSTER / name).read_text("utf-8")

    assert [] == re.findall(
        r"AKIA[0-9A-Z]{16}|\b[a-z0-9]{6}\.[a-z0-9]{16}\b|\b\d{12}\b|PRIVATE KEY|[0-9a-f]{64}", text
    )
