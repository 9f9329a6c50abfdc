"""Write stack.yaml: template.yaml with the nodes' files put into their user data.

A CloudFormation template cannot include files, and shell inside YAML is out of every linter's
sight. So the files stand beside this one, as they are on a node, and this puts them in:
`python k8s/cluster/assemble.py`. Standard library only.
"""

import re
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
TARGET = "/opt/cluster"
HEAD = "# Written by assemble.py from template.yaml: change that one, or the files that it names.\n"
PLACE = re.compile(r"^( *)- USER DATA: (.+)$", re.MULTILINE)
# Fn::Sub fills in these; what stands in ${...} inside the files is the shell's and is kept.
NODE_ENV = """\
ROLE=${Role}
NODE=${Node}
NODES='control-plane worker-1 worker-2'
ADDRESS=${Address}
API=10.0.0.10:6443
PARAMETER=/meshdoctor/${AWS::StackName}/join
AWS_DEFAULT_REGION=${AWS::Region}
WAIT_URL='${WaitHandle}'
"""


def assemble(template: str, files: dict[str, str]) -> str:
    """Return the stack: the template with each `USER DATA: FILE...` replaced by cloud-init's text.

    Args:
        template: the text of template.yaml.
        files: the text of every file by its name.

    Raises:
        KeyError: the template names a file that is not there.
    """

    def put(found: re.Match[str]) -> str:
        chosen = {name: files[name] for name in found[2].split()}
        return f"{found[1]}- |\n{indented(user_data(chosen), len(found[1]) + 2)}".rstrip("\n")

    return HEAD + PLACE.sub(put, template)


def user_data(files: dict[str, str]) -> str:
    """Return what cloud-init is told, as Fn::Sub wants it: write these files, run boot.sh."""
    written = written_file("node.env", "0600", NODE_ENV) + "".join(
        written_file(name, mode_of(name), text.replace("${", "${!")) for name, text in files.items()
    )
    return (
        "#cloud-config\n"
        "hostname: ${Node}\n"
        "manage_etc_hosts: localhost\n"
        f"write_files:\n{written}"
        f"runcmd:\n- [{TARGET}/boot.sh]\n"
    )


def written_file(name: str, mode: str, text: str) -> str:
    """Return one entry of cloud-init's write_files."""
    entry = f'path: {TARGET}/{name}\npermissions: "{mode}"\ncontent: |\n{indented(text, 2)}'
    return "- " + indented(entry, 2).lstrip()


def mode_of(name: str) -> str:
    """Return the mode of a file on the node: programs run, and all of it is root's alone."""
    return "0700" if name.endswith((".sh", ".py")) else "0600"


def indented(text: str, width: int) -> str:
    """Return the text with every line that says something moved to the right."""
    return re.sub(r"^(?=.)", " " * width, text, flags=re.MULTILINE)


def main() -> None:
    """Write stack.yaml, or print it with the argument `-`."""
    files = {path.name: path.read_text("utf-8") for path in FOLDER.iterdir() if path.is_file()}
    stack = assemble(files["template.yaml"], files)
    if sys.argv[1:] == ["-"]:
        sys.stdout.write(stack)
    else:
        (FOLDER / "stack.yaml").write_text(stack, "utf-8")


if __name__ == "__main__":
    main()
