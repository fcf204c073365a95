"""The client against a real chain, and against endpoints that misbehave."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from eth_utils.crypto import keccak
from hypothesis import given
from hypothesis import strategies as st

from offchain.chain.beacon import header_rlp
from offchain.chain.client import ChainClient
from offchain.chain.errors import BadHeader, Reverted, RpcError, RpcUnavailable, WrongChain
from offchain.chain.events import args_from_json, args_to_json
from offchain.chain.keys import LocalSigner
from offchain.chain.transactions import Fees, Transaction

if TYPE_CHECKING:
    from collections.abc import Callable

    from offchain.chain.contracts import Contract
    from tests.offchain.conftest import Anvil


async def serve(answer: Callable[[dict[str, Any]], web.Response]) -> tuple[TestServer, list[str]]:
    """An endpoint that answers as it likes, and the methods it was asked."""
    asked: list[str] = []

    async def handle(request: web.Request) -> web.Response:
        question = await request.json()
        asked.append(question["method"])
        return answer(question)

    app = web.Application()
    app.router.add_post("/", handle)
    server = TestServer(app)
    await server.start_server()
    return server, asked


async def test_request__endpoint_broken__the_next_one_answers(anvil: Anvil) -> None:
    broken, asked = await serve(lambda _: web.Response(status=502, text="<html>bad gateway</html>"))
    async with ChainClient(["http://127.0.0.1:9", str(broken.make_url("/")), anvil.url]) as client:
        assert await client.block_number() == int(anvil.rpc("eth_blockNumber"), 16)
        await client.block_number()
    # The one that answered is kept: the broken one is not asked again for each request.
    assert asked == ["eth_chainId"]
    await broken.close()


async def test_request__no_endpoint_answers__says_which_failed_and_hides_keys() -> None:
    async with ChainClient(["http://127.0.0.1:9/v3/secret-key"]) as client:
        with pytest.raises(RpcUnavailable, match="127.0.0.1:9") as caught:
            await client.block_number()
    assert "secret-key" not in str(caught.value)


async def test_request__other_chain__refuses(anvil: Anvil) -> None:
    async with ChainClient([anvil.url], chain_id=1) as client:
        with pytest.raises(WrongChain, match="serves chain 31337, not chain 1"):
            await client.block_number()


async def test_check_code__other_code__refuses(client: ChainClient, counter: Contract) -> None:
    code = await client.code(counter.address)
    await client.check_code({counter.address: keccak(code)})
    with pytest.raises(WrongChain, match="not the deployment's"):
        await client.check_code({counter.address: keccak(code + b"\x00")})
    with pytest.raises(WrongChain, match="no contract at"):
        await client.check_code({"0x" + "11" * 20: keccak(b"")})


async def test_send_raw__connection_lost__is_not_sent_twice_by_the_client() -> None:
    """What survives is the outbox's business; a client that retries would hide what happened."""

    def answer(question: dict[str, Any]) -> web.Response:
        if question["method"] == "eth_chainId":
            return web.json_response({"jsonrpc": "2.0", "id": question["id"], "result": "0x7a69"})
        return web.Response(status=500)

    server, asked = await serve(answer)
    async with ChainClient([str(server.make_url("/"))]) as client:
        with pytest.raises(RpcUnavailable):
            await client.send_raw(b"\x02\xc0")
    assert asked.count("eth_sendRawTransaction") == 1
    await server.close()


async def test_call__contract_refuses__reason_in_words(
    client: ChainClient, counter: Contract
) -> None:
    full = counter.encode("raiseLimit", 0)
    await client.call(counter.address, full)
    with pytest.raises(RpcError):
        await client.request("eth_noSuchMethod")
    with pytest.raises(ValueError, match="no function missing"):
        counter.encode("missing")
    with pytest.raises(ValueError, match=r"Counter\.raiseLimit"):
        counter.encode("raiseLimit", "text")
    # A limit of zero makes every count revert with the contract's own words.
    with pytest.raises(Reverted) as caught:
        await client.request(
            "eth_call",
            [
                {"to": counter.address, "data": "0x" + counter.encode("count", 1).hex()},
                "latest",
                {counter.address: {"stateDiff": {"0x" + "00" * 31 + "01": "0x" + "00" * 32}}},
            ],
        )
    assert caught.value.reason == "the counter is full"


async def test_contract__structs_and_defaults__come_back_as_given(counter: Contract) -> None:
    who = counter.address
    entry = await counter.call("entry", who, [7, 8])
    assert entry == {"who": who, "total": 0, "tags": [7, 8]}
    assert await counter.call("takeEntries", [{**entry, "total": 40}, entry]) == 42
    assert counter.encode("count", 1)[:4] != counter.encode("count", 1, "why")[:4]


async def test_web3__through_the_same_endpoints(client: ChainClient, anvil: Anvil) -> None:
    assert await client.w3.eth.chain_id == 31337
    assert await client.w3.eth.block_number == int(anvil.rpc("eth_blockNumber"), 16)


async def test_header_rlp__every_block__hashes_to_its_hash(
    client: ChainClient, anvil: Anvil
) -> None:
    anvil.mine(2)
    for number in range(await client.block_number() + 1):
        block = await client.block(number)
        assert block is not None
        assert keccak(header_rlp(block)) == bytes.fromhex(block["hash"][2:])


async def test_header_rlp__altered_field__refuses(client: ChainClient) -> None:
    block = await client.block("latest")
    assert block is not None
    with pytest.raises(BadHeader, match="no header rebuilt"):
        header_rlp({**block, "gasUsed": "0x1234"})
    with pytest.raises(BadHeader, match="no whole block"):
        header_rlp({"hash": block["hash"]})


@pytest.mark.parametrize("fork", ["london", "shanghai", "cancun", "prague", "osaka"])
def test_header_rlp__each_fork(fork: str, new_anvil: Callable[..., Anvil]) -> None:
    chain = new_anvil("--hardfork", fork)
    chain.mine()
    block = chain.rpc("eth_getBlockByNumber", "latest", False)
    assert keccak(header_rlp(block)) == bytes.fromhex(block["hash"][2:])


async def test_sign_transaction__node_accepts_and_recovers_the_sender(
    client: ChainClient, signer: LocalSigner, anvil: Anvil
) -> None:
    anvil.automine(False)
    transaction = Transaction(
        31337, await client.nonce(signer.address), Fees(10**11, 1), 21_000, signer.address, 5, b""
    )
    tx_hash = await client.send_raw(await signer.sign_transaction(transaction))
    seen = await client.transaction(tx_hash)
    assert seen is not None
    assert seen["from"].lower() == signer.address.lower()
    assert int(seen["value"], 16) == 5


args = st.recursive(
    st.integers(0, 2**256 - 1) | st.binary(max_size=40) | st.text(max_size=9) | st.booleans(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text("abc", min_size=1, max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.text("abc", min_size=1, max_size=3), args, max_size=4))
def test_event_args__any__round_trip(values: dict[str, Any]) -> None:
    assert args_from_json(args_to_json(values)) == values
