"""What a Kubernetes API knows of the mesh, as evidence: read here, judged elsewhere."""
