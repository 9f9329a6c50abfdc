"""Questions to manifests before anything is applied, one verdict for each.

A finding's code is the fault that the cluster would have: an object that the API refuses, or a Pod
that cannot start, is `app-down`; a Service that is not there, `dns-nxdomain`.
"""
