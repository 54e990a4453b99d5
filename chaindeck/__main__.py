"""`python -m chaindeck`."""

from chaindeck.cli import main

if __name__ == "__main__":
    main()
