"""The ground floor of the lab: a Kubernetes-shaped network on one machine, without root.

`sandbox` makes the room, `topology` and `rules` say what is to be in it, `plumbing`, `groups`,
`proxy`, `policies` and `names` turn that into the words of `ip`, `nft` and a name server, `network`
makes it so, and `controls` proves it before anybody judges by it. docs/lab.md says what stands for
what.
"""
