"""The pages of the local view, one module each: what they show, from the parts that know it."""
