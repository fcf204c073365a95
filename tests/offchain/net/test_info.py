"""A transcoder's offer counts only from its own key, in its own domain, in time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from offchain.net.info import BadInfo, TranscoderInfo, read_info
from offchain.proof.signatures import address_of
from offchain.proof.typed import Domain

KEY, OTHER_KEY = b"\x05" * 32, b"\x06" * 32
ME, OTHER = address_of(KEY), address_of(OTHER_KEY)
DOMAIN = Domain(1, "0x" + "22" * 20)
INFO = TranscoderInfo(ME, "http://127.0.0.1:8935", 3, 1000, 2, ("libx264",), 1000)


def test_signed_offer_is_read_back() -> None:
    assert read_info(INFO.signed(DOMAIN, KEY), DOMAIN, ME, 999.0) == INFO


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("url", "http://127.0.0.1:8936"),
        ("pricePerUnit", "4"),
        ("pixelsPerUnit", "1001"),
        ("capacity", 3),
        ("encoders", ["libx265"]),
        ("expiry", 1001),
        ("transcoder", OTHER),
        ("signature", "0x00"),
        ("expiry", "soon"),
        ("capacity", -1),
    ],
)
def test_any_change_breaks_it(field: str, value: object) -> None:
    with pytest.raises(BadInfo):
        read_info({**INFO.signed(DOMAIN, KEY), field: value}, DOMAIN, ME, 999.0)


def test_other_signer_other_domain_or_too_late_do_not_count() -> None:
    with pytest.raises(BadInfo, match="signed by"):
        read_info(INFO.signed(DOMAIN, OTHER_KEY), DOMAIN, ME, 999.0)
    with pytest.raises(BadInfo, match="signed by"):
        read_info(INFO.signed(DOMAIN, KEY), replace(DOMAIN, chain_id=2), ME, 999.0)
    with pytest.raises(BadInfo, match="expired"):
        read_info(INFO.signed(DOMAIN, KEY), DOMAIN, ME, 1001.0)
