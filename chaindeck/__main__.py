"""`python -m chaindeck`."""

from chaindeck.start import main

if __name__ == "__main__":
    main()
