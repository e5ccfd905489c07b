"""``python -m minsheng.faces.cli``."""

from minsheng.faces.cli.root import main

main()
