"""`python -m twin2multicloud`."""

from twin2multicloud.app.cli.main import main

if __name__ == "__main__":
    main()
