"""``python -m outfitter.cli`` is the ``outfitter`` command."""

from outfitter.cli import main

if __name__ == "__main__":
    main()
