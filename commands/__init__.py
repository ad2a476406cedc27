"""What `manage.py` can do; see docs/decisions/0002-commands-package.md."""
