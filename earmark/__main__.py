"""``python -m earmark`` is the command ``earmark``."""

from earmark.cli import main

__all__: list[str] = []

if __name__ == "__main__":
    main()
