"""How the root file system of a sandbox is made, from what this machine has: no Docker registry, no root needed."""
