"""What the `ape run` commands share. Files that start with an underscore are no commands."""
