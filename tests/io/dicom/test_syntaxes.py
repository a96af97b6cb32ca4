from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import UID

from medidense.io.dicom.syntaxes import DECODERS, LOSSY, NATIVE, PACKAGES


def test_every_decoder_is_one_that_pydicom_offers_or_ours():
    for uid, name in DECODERS.items():
        if name != "imagecodecs":
            assert name in get_decoder(UID(uid)).available_plugins
        assert name in PACKAGES


def test_no_syntax_is_both_plain_and_compressed():
    assert not NATIVE & set(DECODERS)
    assert set(DECODERS) >= LOSSY
