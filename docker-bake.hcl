# All images, for both platforms, to a registry:
#   docker buildx bake --push
# with the registry and the version of one's own:
#   REGISTRY=registry.example.com/team VERSION=0.1.0 docker buildx bake --push
# Ways without a registry or without Docker: docs/images.md.

variable "REGISTRY" {
  default = "meshdoctor"
}

variable "VERSION" {
  default = "0.1.0"
}

# The commit that is built; a label, and nothing else.
variable "REVISION" {
  default = ""
}

# What everything stands on, named here and nowhere else. The two have the same minor version of
# Python: the builder's bytecode and its choice of wheels are made for the base.
variable "BASE" {
  default = "gcr.io/distroless/python3-debian13:nonroot"
}

variable "BUILDER" {
  default = "docker.io/library/python:3.13-slim-trixie"
}

group "default" {
  targets = ["marketplace", "recommendations", "toolbox"]
}

target "image" {
  context   = "."
  platforms = ["linux/amd64", "linux/arm64"]
  args = {
    BASE     = BASE
    BUILDER  = BUILDER
    VERSION  = VERSION
    REVISION = REVISION
  }
  attest = ["type=provenance,mode=max", "type=sbom"]
}

target "marketplace" {
  inherits   = ["image"]
  dockerfile = "services/marketplace/Dockerfile"
  tags       = ["${REGISTRY}/marketplace:${VERSION}"]
}

target "recommendations" {
  inherits   = ["image"]
  dockerfile = "services/recommendations/Dockerfile"
  tags       = ["${REGISTRY}/recommendations:${VERSION}"]
}

target "toolbox" {
  inherits   = ["image"]
  dockerfile = "images/toolbox.Dockerfile"
  tags       = ["${REGISTRY}/toolbox:${VERSION}"]
}
