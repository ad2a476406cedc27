"""Name and drawings of the program."""

from pathlib import Path

NAME = "关爱室"

_ASSETS = Path(__file__).resolve().parent / "assets"
LOGO = str(_ASSETS / "logo.svg")
ICON = str(_ASSETS / "icon.svg")
