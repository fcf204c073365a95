"""Where a deployment's contracts are: `deployments/NAME.json`, and how to find it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eth_utils.address import is_address, to_checksum_address

from offchain.chain.layouts import Variable

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = Path("deployments")


class BadDeployment(ValueError):
    """A deployment file is missing, or does not say what it must."""


@dataclass(frozen=True, slots=True)
class Deployed:
    """A contract on the chain: checksum address and keccak256 of its runtime code."""

    address: str
    code_hash: bytes
    # Of a proxy: where the code it runs keeps its state. Empty for everything else.
    layout: tuple[Variable, ...] = ()

    def to_document(self) -> dict[str, Any]:
        """The contract's part of the file."""
        document: dict[str, Any] = {
            "address": self.address,
            "codeHash": "0x" + self.code_hash.hex(),
        }
        if self.layout:
            document["layout"] = [
                f"{each.slot} {each.slots} {each.name} {each.type}" for each in self.layout
            ]
        return document


@dataclass(frozen=True, slots=True)
class Deployment:
    """One deployment. Of a proxied contract, `Name` is the proxy, `NameTarget` its code."""

    name: str
    chain_id: int
    production: bool
    # The block before the first of its transactions: nothing of it is older.
    start_block: int
    contracts: Mapping[str, Deployed] = field(default_factory=dict)

    def address(self, contract: str) -> str:
        """Checksum address of a contract; raises BadDeployment where there is none."""
        if contract not in self.contracts:
            raise BadDeployment(f"deployment {self.name} has no contract called {contract}")
        return self.contracts[contract].address

    def to_json(self) -> str:
        """The file's text."""
        document = {
            "name": self.name,
            "chainId": self.chain_id,
            "production": self.production,
            "startBlock": self.start_block,
            "contracts": {name: each.to_document() for name, each in self.contracts.items()},
        }
        return json.dumps(document, indent=2) + "\n"

    def save(self, path: Path) -> None:
        """Write the file whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(path.name + ".new")
        draft.write_text(self.to_json())
        draft.replace(path)

    @classmethod
    def parse(cls, text: str, source: str = "deployment") -> Deployment:
        """Read the file's text; raises BadDeployment with one sentence."""
        try:
            document: Any = json.loads(text)
            contracts = {
                str(name): _deployed(entry) for name, entry in document["contracts"].items()
            }
            return cls(
                name=str(document["name"]),
                chain_id=int(document["chainId"]),
                production=bool(document["production"]),
                start_block=int(document["startBlock"]),
                contracts=contracts,
            )
        except KeyError as error:
            raise BadDeployment(f"{source} lacks {error}") from error
        except (TypeError, ValueError, AttributeError) as error:
            raise BadDeployment(f"{source} is no deployment file: {error}") from error

    @classmethod
    def load(cls, path: Path) -> Deployment:
        """Read a file; raises BadDeployment with one sentence."""
        try:
            text = path.read_text()
        except OSError as error:
            raise BadDeployment(f"cannot read {path}: {error.strerror}") from error
        return cls.parse(text, str(path))


def find_deployment(name: str, folder: Path = FOLDER) -> Deployment:
    """The deployment called `name`; raises BadDeployment, naming those there are."""
    path = folder / f"{name}.json"
    if path.exists():
        return Deployment.load(path)
    known = ", ".join(sorted(each.stem for each in folder.glob("*.json"))) or "none"
    raise BadDeployment(f"there is no {path} (deployments here: {known})")


def _deployed(entry: Any) -> Deployed:
    address = entry["address"]
    if not is_address(address):
        raise ValueError(f"{address!r} is not an address")
    code_hash = bytes.fromhex(entry["codeHash"].removeprefix("0x"))
    if len(code_hash) != 32:
        raise ValueError("codeHash is not 32 bytes")
    layout = tuple(_variable(line) for line in entry.get("layout", ()))
    return Deployed(to_checksum_address(address), code_hash, layout)


def _variable(line: str) -> Variable:
    slot, slots, name, kind = line.split(" ", 3)
    return Variable(int(slot), int(slots), name, kind)
