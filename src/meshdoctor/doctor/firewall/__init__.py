"""What nodes must send each other, and whether EC2's security groups let it through. All pure.

`needs` knows Calico and Kubernetes, `nodes` sorts evidence into kinds of nodes, `rules` reads the
rules of groups, `recipes` writes the missing ones down.
"""
