"""`python -m backfile`."""

from backfile.cli.main import main

if __name__ == "__main__":
    main()
