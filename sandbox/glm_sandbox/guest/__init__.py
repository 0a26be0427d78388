"""What runs inside a sandbox. Standard library only: these files are copied into the image as they are."""
