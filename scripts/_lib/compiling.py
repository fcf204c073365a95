"""Compiling contracts with the vyper package, and telling whether an artifact is up to date."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS = ROOT / "contracts"
ARTIFACTS = ROOT / "offchain" / "chain" / "artifacts"
# Contracts compiled for tests only; they are never deployed and have no artifact.
SKIPPED_FOLDERS = ("testing",)
SETTINGS = "vyper 0.4.3, legacy code generator, pragmas of each file; with longest return"


def deployables(contracts: Path) -> Iterator[Path]:
    """Every contract that is deployed: PascalCase names it, snake_case names a module."""
    for path in sorted(contracts.rglob("*.vy")):
        inside = path.relative_to(contracts).parts
        if path.stem[0].isupper() and inside[0] not in SKIPPED_FOLDERS:
            yield path


def sha256(path: Path) -> str:
    """Hex SHA-256 of a file, or nothing when it is gone."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def is_fresh(artifact: Path, root: Path) -> bool:
    """Whether an artifact was made from the sources as they are now, by the compiler in use now."""
    try:
        stored = json.loads(artifact.read_text())
        sources = stored["sources"]
    except (OSError, ValueError, KeyError):
        return False
    if stored.get("compiler") != SETTINGS:
        return False
    return bool(sources) and all(sha256(root / path) == digest for path, digest in sources.items())


def compile_contract(path: Path, root: Path) -> dict[str, Any]:
    """Compile one contract with everything it imports.

    Raises vyper's own exception, whose text points at the offending line.
    """
    from vyper import compile_from_file_input
    from vyper.compiler.input_bundle import FilesystemInputBundle
    from vyper.compiler.phases import CompilerData

    bundle = FilesystemInputBundle([root])
    file_input = bundle.load_file(path)
    output = compile_from_file_input(
        file_input,
        input_bundle=bundle,
        output_formats=["abi", "bytecode", "bytecode_runtime", "layout"],
    )
    data = CompilerData(file_input, input_bundle=bundle)
    sources = {Path(each.resolved_path) for each in data.resolved_imports.compiler_inputs} | {path}
    layout = output["layout"]
    module = data.annotated_vyper_module._metadata["type"]
    spell_out_structs(layout, module)
    return {
        "contractName": path.stem,
        "compiler": SETTINGS,
        "sources": {
            str(source.relative_to(root)): sha256(source)
            for source in sorted(sources)
            if source.is_relative_to(root)
        },
        "longestReturn": longest_return(module),
        "layout": layout,
        "abi": output["abi"],
        "bytecode": output["bytecode"],
        "runtimeBytecode": output["bytecode_runtime"],
    }


def spell_out_structs(layout: dict[str, Any], module: Any) -> None:
    """Put the fields of each struct into the layout, where the compiler leaves only its name.

    Two layouts with equal names and types then really are the same storage.
    """
    modules = {alias: info.module_t for alias, info in module.imported_modules.items()}
    for section in layout.values():
        for name, entry in section.items():
            if "slot" in entry:
                if name in module.variables:
                    entry["type"] = spelled(module.variables[name].typ)
            elif name in modules:
                spell_out_structs({"storage_layout": entry}, modules[name])


def longest_return(module: Any) -> int:
    """Bytes of the longest answer any function can give, which a proxy has to pass on whole."""
    from vyper.codegen.core import calculate_type_for_external_return

    return max(
        (
            calculate_type_for_external_return(function.return_type).abi_type.size_bound()
            for function in module.exposed_functions
            if function.return_type is not None
        ),
        default=0,
    )


def spelled(kind: Any) -> str:
    """A type in full."""
    members = getattr(kind, "members", None)
    if type(kind).__name__ == "StructT":
        fields = ", ".join(f"{name}: {spelled(each)}" for name, each in members.items())
        return f"{kind}({fields})"
    if type(kind).__name__ == "HashMapT":
        return f"HashMap[{spelled(kind.key_type)}, {spelled(kind.value_type)}]"
    if type(kind).__name__ == "SArrayT":
        return f"{spelled(kind.value_type)}[{kind.count}]"
    if type(kind).__name__ == "DArrayT":
        return f"DynArray[{spelled(kind.value_type)}, {kind.count}]"
    return str(kind)


def render(artifact: dict[str, Any]) -> str:
    """The artifact as text: one line per ABI entry, so that a diff shows what changed."""
    fields = []
    for key, value in artifact.items():
        if key == "abi":
            entries = ",\n    ".join(json.dumps(entry) for entry in value)
            fields.append(f'  "abi": [\n    {entries}\n  ]')
            continue
        text = json.dumps(value, indent=2).replace("\n", "\n  ")
        fields.append(f"  {json.dumps(key)}: {text}")
    return "{\n" + ",\n".join(fields) + "\n}\n"


def build(*, check: bool, force: bool, names: tuple[str, ...] = ()) -> list[str]:
    """Bring artifacts up to date and return the names of those that were not."""
    wanted = {path.stem: path for path in deployables(CONTRACTS)}
    unknown = [name for name in names if name not in wanted]
    if unknown:
        raise click.ClickException(f"no contract called {', '.join(unknown)} in contracts/")
    stale = [
        name
        for name in (names or wanted)
        if force or not is_fresh(ARTIFACTS / f"{name}.json", ROOT)
    ]
    left_over = [] if names else [p for p in ARTIFACTS.glob("*.json") if p.stem not in wanted]
    if check:
        return stale + [path.stem for path in left_over]
    ARTIFACTS.mkdir(exist_ok=True)
    failed = []
    for name in stale:
        click.echo(f"compiling {name}", err=True)
        try:
            text = render(compile_contract(wanted[name], ROOT))
        except Exception as error:
            failed.append(f"{wanted[name].relative_to(ROOT)}:\n{error}")
            continue
        target = ARTIFACTS / f"{name}.json"
        draft = target.with_suffix(".json.new")
        draft.write_text(text)
        draft.replace(target)
    for path in left_over:
        path.unlink()
    if failed:
        raise click.ClickException("these contracts do not compile\n\n" + "\n\n".join(failed))
    return stale
