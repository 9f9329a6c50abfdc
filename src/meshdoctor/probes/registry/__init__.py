"""What a registry says about an image: asked over its HTTP API, told as data.

`reference` and `platforms` are the words, `evidence` is the data, `client` asks, `credentials`
knows whom the user is to the registry, `image` is the probe, `layers` and `elf` look at programs.
"""
