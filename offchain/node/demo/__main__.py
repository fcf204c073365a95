"""`python -m offchain.node.demo`."""

import sys

if sys.version_info[:2] not in ((3, 11), (3, 12)):
    sys.stderr.write("demo: this needs Python 3.11 or 3.12; run `make demo`, which finds one\n")
    sys.exit(3)

try:
    from offchain.node.demo.command import demo
except ModuleNotFoundError as error:
    sys.stderr.write(f"demo: {error.name} is not installed; run `make setup`\n")
    sys.exit(3)

if __name__ == "__main__":
    demo(prog_name="demo")
