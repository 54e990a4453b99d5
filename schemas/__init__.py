"""What is published and read, as JSON Schema; `python -m schemas` writes the files from the types in the code."""
